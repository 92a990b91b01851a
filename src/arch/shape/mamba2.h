// Mamba 2 layers as hybrids spell them (Bamba, Falcon-H1): keys that begin with mamba_.
#pragma once

#include "arch/config_reader.h"

namespace llmbox {

/// The layer of `channels` channels under `name`, its norm absent. Error where the heads do not make up the channels.
Mamba2Spec mamba2_spec(const ConfigReader& config, const std::string& name, int64_t channels);

/// The norm over the channels, each group by itself.
NormSpec mamba2_norm(const ConfigReader& config, const Mamba2Spec& mamba);

}  // namespace llmbox
