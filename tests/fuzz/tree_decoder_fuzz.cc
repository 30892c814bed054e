#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/error.h"
#include "common/tree/path.h"
#include "common/tree/stream.h"

namespace {

using pyro::tree::Entry;
using pyro::tree::EntryKind;

/// Aborts on any call that the decoder should have refused.
class Checker : public pyro::tree::Sink {
 public:
  void entry(const Entry& entry) override {
    if (begun_ || !pyro::tree::is_clean_path(entry.path)) __builtin_trap();
    if (entry.kind < EntryKind::kDirectory || entry.kind > EntryKind::kAbsent) __builtin_trap();
    if (entry.mode > 07777) __builtin_trap();
    const bool link = entry.kind == EntryKind::kSymlink;
    if (link == entry.link_target.empty()) __builtin_trap();
    if (entry.link_target.find('\0') != std::string::npos) __builtin_trap();
    taken += entry.path.size() + entry.link_target.size();
    in_file_ = entry.kind == EntryKind::kFile;
  }
  void data(std::string_view bytes) override {
    if (!in_file_ || bytes.empty() || bytes.size() > pyro::tree::kMaxDataBytes) __builtin_trap();
    taken += bytes.size();
    begun_ = true;
  }
  void hole(std::uint64_t bytes) override {
    if (!in_file_ || bytes == 0 || bytes > pyro::tree::kMaxHoleBytes) __builtin_trap();
    begun_ = true;
  }
  void end_file() override {
    if (!in_file_) __builtin_trap();
    in_file_ = false;
    begun_ = false;
  }

  std::size_t taken = 0;

 private:
  bool in_file_ = false;
  bool begun_ = false;
};

}  // namespace

/// First byte: how the rest is cut into pieces. Nothing may come of it but calls that are in order,
/// with no more bytes than were fed, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = 1U + data[0];
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  Checker checker;
  pyro::tree::Decoder decoder(checker);
  try {
    for (std::size_t at = 0; at < all.size(); at += cut) {
      const std::string_view piece = all.substr(at, cut);
      decoder.feed(piece);
      if (checker.taken > at + piece.size()) __builtin_trap();
      if (decoder.done() && at + piece.size() < all.size() && all[at + piece.size() - 1] != '\4') {
        __builtin_trap();
      }
    }
  } catch (const pyro::Error&) {
  }
  return 0;
}
