// What the loops include; before any target attribute is set, so that no header's function gets one.
#pragma once
#include "../include/ckernels.h"

#include <math.h>
#include <string.h>
