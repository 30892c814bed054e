#include "services/files/git_seed/index_file.h"

#include <array>

#include "common/base/error.h"

namespace pyro::files {
namespace {

constexpr std::string_view kSignature = "DIRC";
constexpr std::size_t kHeaderBytes = 12;
/// Of ten numbers before the id.
constexpr std::size_t kNumberBytes = 40;
constexpr std::uint32_t kAssumeUnchanged = 0x8000;
constexpr std::uint32_t kExtended = 0x4000;
constexpr std::uint32_t kStageShift = 12;
constexpr std::uint32_t kNameLength = 0xfff;
/// In the extended flags.
constexpr std::uint32_t kSkipWorktree = 0x4000;

Error no_index() { return internal_error("git wrote no index that can be read"); }

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) throw no_index();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    for (const char byte : take(bytes)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  std::string_view text() {
    const std::size_t end = rest_.find('\0');
    if (end == std::string_view::npos) throw no_index();
    return take(end);
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

void append_number(std::string& to, std::uint32_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i-- > 0;) to += static_cast<char>(value >> 8U * i & 0xffU);
}

/// The numbers of a FileStat that lie before and behind the mode in an entry.
template <class Stat, class Use>
void each_before_mode(Stat& stat, Use&& use) {
  for (auto* number : {&stat.ctime_seconds, &stat.ctime_nanoseconds, &stat.mtime_seconds,
                       &stat.mtime_nanoseconds, &stat.device, &stat.inode}) {
    use(*number);
  }
}
template <class Stat, class Use>
void each_behind_mode(Stat& stat, Use&& use) {
  for (auto* number : {&stat.uid, &stat.gid, &stat.size}) use(*number);
}

/// An entry ends with 1 to 8 NULs, at a multiple of 8 bytes.
std::size_t padding_of(std::size_t entry_bytes) { return 8 - entry_bytes % 8; }

IndexEntry read_entry(Reader& reader, std::size_t id_bytes) {
  IndexEntry entry;
  const auto read = [&](std::uint32_t& number) { number = reader.number(4); };
  each_before_mode(entry.stat, read);
  entry.mode = reader.number(4);
  each_behind_mode(entry.stat, read);
  entry.id = reader.take(id_bytes);
  const std::uint32_t flags = reader.number(2);
  std::size_t bytes = kNumberBytes + id_bytes + 2;
  entry.assume_unchanged = (flags & kAssumeUnchanged) != 0;
  entry.stage = static_cast<int>(flags >> kStageShift & 3U);
  if ((flags & kExtended) != 0) {
    entry.skip_worktree = (reader.number(2) & kSkipWorktree) != 0;
    bytes += 2;
  }
  entry.path = reader.text();
  reader.take(padding_of(bytes + entry.path.size()));
  return entry;
}

void append_entry(std::string& to, const IndexEntry& entry) {
  const std::size_t begin = to.size();
  const auto append = [&](std::uint32_t number) { append_number(to, number, 4); };
  each_before_mode(entry.stat, append);
  append(entry.mode);
  each_behind_mode(entry.stat, append);
  to += entry.id;
  std::uint32_t flags = static_cast<std::uint32_t>(entry.stage) << kStageShift;
  flags |=
      entry.path.size() < kNameLength ? static_cast<std::uint32_t>(entry.path.size()) : kNameLength;
  if (entry.assume_unchanged) flags |= kAssumeUnchanged;
  if (entry.skip_worktree) flags |= kExtended;
  append_number(to, flags, 2);
  if (entry.skip_worktree) append_number(to, kSkipWorktree, 2);
  to += entry.path;
  to.append(padding_of(to.size() - begin), '\0');
}

}  // namespace

IndexFile IndexFile::parse(std::string_view content, DigestKind kind) {
  const std::size_t id_bytes = kind == DigestKind::kSha1 ? 20 : 32;
  if (content.size() < kHeaderBytes + id_bytes) throw no_index();
  Reader reader(content.substr(0, content.size() - id_bytes));
  if (reader.take(kSignature.size()) != kSignature) throw no_index();
  const std::uint32_t version = reader.number(4);
  if (version != 2 && version != 3) throw no_index();
  const std::uint32_t count = reader.number(4);
  if (count > content.size() / kNumberBytes) throw no_index();
  IndexFile index;
  index.entries.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) index.entries.push_back(read_entry(reader, id_bytes));
  index.extensions = reader.rest();
  return index;
}

std::string IndexFile::content(DigestKind kind) const {
  bool has_extended = false;
  for (const IndexEntry& entry : entries) has_extended = has_extended || entry.skip_worktree;
  std::string bytes(kSignature);
  append_number(bytes, has_extended ? 3 : 2, 4);
  append_number(bytes, static_cast<std::uint32_t>(entries.size()), 4);
  for (const IndexEntry& entry : entries) append_entry(bytes, entry);
  bytes += extensions;
  Digest checksum(kind);
  checksum.add(bytes);
  return bytes + checksum.finish();
}

}  // namespace pyro::files
