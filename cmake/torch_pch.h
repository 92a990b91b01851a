// Precompiled for modules that use libtorch: std_pch.h, ATen and custom autograd functions.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "std_pch.h"
