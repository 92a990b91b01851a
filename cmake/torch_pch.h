// Precompiled for modules that use libtorch: std_pch.h and ATen. Every file pays for the templates that a precompiled
// header leaves to instantiate: custom autograd functions would add 1.1 s to each, so the few files with one include
// them.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "std_pch.h"
