#pragma once
#include "activation.h"
#include "affine.h"
#include "training.h"
