#pragma once
#include "activation.h"
