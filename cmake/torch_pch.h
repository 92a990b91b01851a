// Precompiled for modules that use libtorch: std_pch.h and ATen. Custom autograd functions stay out: their templates
// would cost each file 2 s, and few files need them.
#pragma once
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include "std_pch.h"
