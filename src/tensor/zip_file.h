// The entries of a mapped zip archive, as torch.save and torch.load use one: stored (not compressed), zip64 where
// large. Refused with an Error naming file and entry: no archive, compressed or encrypted entries, offsets that leave
// the file, a name given twice. Checksums are not computed: that would read the whole file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace llmbox {

class FileMapping;

struct ZipEntry {
  size_t begin = 0, size = 0;  // bytes of the file
};

/// name → place. `where` names the file in errors.
std::map<std::string, ZipEntry> read_zip_entries(const FileMapping& mapping, const std::string& where);

/// True where the file starts as a zip archive does.
bool is_zip(const FileMapping& mapping);

}  // namespace llmbox
