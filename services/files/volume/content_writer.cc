#include "services/files/volume/content_writer.h"

#include <algorithm>
#include <cstring>

namespace pyro::volume {
namespace {

/// So many zeros become a hole. A single block would break files into extents for little.
constexpr std::size_t kUnitBytes = std::size_t{16} * kBlockBytes;

bool all_zeros(std::string_view bytes) {
  return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace

void ContentWriter::append(std::string_view bytes) {
  if (bytes.size() > kMaxBytes - size()) throw writer_.full();
  while (!bytes.empty()) {
    if (rest_.empty() && bytes.size() >= kUnitBytes) {
      put(bytes.substr(0, kUnitBytes));
      bytes.remove_prefix(kUnitBytes);
      continue;
    }
    const std::size_t piece = std::min(bytes.size(), kUnitBytes - rest_.size());
    rest_ += bytes.substr(0, piece);
    bytes.remove_prefix(piece);
    if (rest_.size() == kUnitBytes) {
      put(rest_);
      rest_.clear();
    }
  }
}

void ContentWriter::put(std::string_view unit) {
  if (!all_zeros(unit)) {
    extents_.append(writer_, static_cast<std::uint32_t>(written_ / kBlockBytes), unit);
  }
  written_ += unit.size();
}

void ContentWriter::finish(const Filesystem& filesystem, ext2_ino_t number, Inode& inode) {
  inode.set_size(size());
  if (!rest_.empty()) {
    rest_.resize((rest_.size() + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
    put(rest_);
    rest_.clear();
  }
  extents_.store(filesystem, writer_, number, inode);
}

}  // namespace pyro::volume
