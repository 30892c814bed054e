#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// A file tree as a sequence: a source (a directory, an archive, a volume, a stream) passes it to a
/// sink.
namespace pyro::tree {

/// kOther: a socket, FIFO or device. kAbsent: a missing path (only in answers).
enum class EntryKind : std::uint8_t {
  kDirectory = 1,
  kFile = 2,
  kSymlink = 3,
  kOther = 4,
  kAbsent = 5
};

/// Linux's limits of a path and of a name in it.
inline constexpr std::size_t kMaxPathBytes = 4095;
inline constexpr std::size_t kMaxNameBytes = 255;

struct Entry {
  /// Relative to the tree's top, '/'-separated, without empty parts, `.` and `..`; "" is the top
  /// itself. Raw bytes of the file system.
  std::string path{};
  EntryKind kind = EntryKind::kFile;
  std::uint32_t mode = 0644;  ///< permission bits, 07777
  std::int64_t mtime_ns = 0;  ///< since the epoch
  std::uint64_t size = 0;     ///< of a file, at the time of its entry; its data may differ
  std::string link_target{};  ///< of a symlink
  std::uint64_t inode = 0;    ///< if the source has one
  std::int64_t ctime_ns = 0;  ///< if the source has one
  /// Of a file with several names (hard links): the device on which `inode` is unique; else 0.
  std::uint64_t shared_on_device = 0;
  bool operator==(const Entry&) const = default;
};

/// Receives a tree. A directory comes before its entries. Any number of data() and hole(), then
/// end_file(), follow a file with content; nothing follows one whose content the sink knows, and of
/// which it told the source.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void entry(const Entry& entry) = 0;
  virtual void data(std::string_view bytes) = 0;
  /// Zeros that take no space, only from a source that was asked for them. kInvalidArgument: this
  /// sink takes none.
  virtual void hole(std::uint64_t bytes);
  virtual void end_file() = 0;
};

/// Totals of a tree.
struct Totals {
  std::uint64_t entries = 0;  ///< directories, files and links, without a directory at the top
  std::uint64_t bytes = 0;    ///< of the files' content, or of their sizes if it is not read
  std::uint64_t skipped = 0;  ///< sockets, FIFOs and devices
};

}  // namespace pyro::tree
