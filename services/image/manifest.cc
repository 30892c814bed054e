#include "services/image/manifest.h"

#include "common/api/message_table.h"
#include "common/digest/sha256.h"

namespace pyro::image {

std::string RootfsManifest::digest() const {
  return files.size() == 1 && files[0].path == "rootfs.ext4" ? files[0].sha256 : "";
}

std::string KernelManifest::digest() const {
  std::string text = fmt::format("{}\n{}\n{}\n", package, package_version, release);
  for (const auto& module : modules) text += module + "\n";
  for (const auto& file : files) text += fmt::format("{} {}\n", file.sha256, file.path);
  return sha256_of_text(text);
}

}  // namespace pyro::image

PYRO_TABLE(pyro::image::KernelManifest)
PYRO_TABLE(pyro::image::Reference)
PYRO_TABLE(pyro::image::RootfsManifest)
