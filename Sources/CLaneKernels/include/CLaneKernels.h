#pragma once
#include "activation.h"
#include "affine.h"
