#include "common/tree/stream.h"

#include <algorithm>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/tree/path.h"

namespace pyro::tree {
namespace {

enum class RecordType : unsigned char { kEntry = 1, kData = 2, kEnd = 3, kDone = 4, kHole = 5 };

constexpr std::size_t kDataHeadBytes = 1 + 4;
constexpr std::size_t kHoleBytes = 1 + 8;
constexpr std::size_t kPathLengthAt = 1 + 1 + 4 + 4 * 8;
constexpr std::size_t kEntryHeadBytes = kPathLengthAt + 2 + 2;

template <class Integer>
void append_number(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> 8U * i);
  }
}

/// Cuts an integer off the front.
template <class Integer>
Integer take_number(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Integer); i-- > 0;) {
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  }
  bytes.remove_prefix(sizeof(Integer));
  return static_cast<Integer>(value);
}

std::size_t entry_bytes(std::string_view record) {
  if (record.size() < kEntryHeadBytes) return kEntryHeadBytes;
  record.remove_prefix(kPathLengthAt);
  const std::size_t path = take_number<std::uint16_t>(record);
  const std::size_t target = take_number<std::uint16_t>(record);
  if (path > kMaxPathBytes) throw invalid_argument("a tree with a path of {} bytes", path);
  if (target > kMaxPathBytes) throw invalid_argument("a tree with a link to {} bytes", target);
  return kEntryHeadBytes + path + target;
}

std::size_t data_bytes(std::string_view record) {
  if (record.size() < kDataHeadBytes) return kDataHeadBytes;
  record.remove_prefix(1);
  const std::size_t length = take_number<std::uint32_t>(record);
  if (length == 0 || length > kMaxDataBytes) {
    throw invalid_argument("a tree with {} bytes of data at a time", length);
  }
  return kDataHeadBytes + length;
}

/// The length of the record that begins so: as much of it as is sure yet.
std::size_t record_bytes(std::string_view record) {
  switch (static_cast<RecordType>(record.front())) {
    case RecordType::kEntry:
      return entry_bytes(record);
    case RecordType::kData:
      return data_bytes(record);
    case RecordType::kHole:
      return kHoleBytes;
    case RecordType::kEnd:
    case RecordType::kDone:
      return 1;
  }
  throw invalid_argument("a tree with a record of unknown type {}",
                         static_cast<unsigned char>(record.front()));
}

void check(const Entry& entry) {
  const std::string shown = printable(entry.path);
  const auto kind = static_cast<unsigned>(entry.kind);
  if (kind < static_cast<unsigned>(EntryKind::kDirectory) ||
      kind > static_cast<unsigned>(EntryKind::kAbsent)) {
    throw invalid_argument("a tree with '{}' of unknown kind {}", shown, kind);
  }
  if (!is_clean_path(entry.path)) throw invalid_argument("a tree with the path '{}'", shown);
  if (entry.mode > 07777)
    throw invalid_argument("a tree with '{}' of mode {:o}", shown, entry.mode);
  const bool link = entry.kind == EntryKind::kSymlink;
  if (link == entry.link_target.empty() || entry.link_target.size() > kMaxPathBytes ||
      entry.link_target.find('\0') != std::string::npos) {
    throw invalid_argument("a tree with {} '{}' to {} bytes", link ? "a link" : "what is no link,",
                           shown, entry.link_target.size());
  }
}

}  // namespace

void Sink::hole(std::uint64_t bytes) {
  throw invalid_argument("a tree with a hole of {} bytes, which was not asked for", bytes);
}

void Encoder::entry(const Entry& entry) {
  check(entry);
  record_.assign(1, static_cast<char>(RecordType::kEntry));
  append_number(record_, static_cast<std::uint8_t>(entry.kind));
  append_number(record_, entry.mode);
  append_number(record_, entry.mtime_ns);
  append_number(record_, entry.ctime_ns);
  append_number(record_, entry.inode);
  append_number(record_, entry.size);
  append_number(record_, static_cast<std::uint16_t>(entry.path.size()));
  append_number(record_, static_cast<std::uint16_t>(entry.link_target.size()));
  record_.append(entry.path).append(entry.link_target);
  out_(record_);
}

void Encoder::data(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kMaxDataBytes);
    record_.assign(1, static_cast<char>(RecordType::kData));
    append_number(record_, static_cast<std::uint32_t>(piece.size()));
    out_(record_);
    out_(piece);
    bytes.remove_prefix(piece.size());
  }
}

void Encoder::hole(std::uint64_t bytes) {
  while (bytes > 0) {
    const std::uint64_t piece = std::min(bytes, kMaxHoleBytes);
    record_.assign(1, static_cast<char>(RecordType::kHole));
    append_number(record_, piece);
    out_(record_);
    bytes -= piece;
  }
}

void Encoder::end_file() {
  record_.assign(1, static_cast<char>(RecordType::kEnd));
  out_(record_);
}

void Encoder::done() {
  record_.assign(1, static_cast<char>(RecordType::kDone));
  out_(record_);
}

void Decoder::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (done_) throw invalid_argument("a tree with {} bytes after its end", bytes.size());
    if (buffer_.empty()) {
      const std::size_t length = record_bytes(bytes);
      if (bytes.size() >= length) {
        take_record(bytes.substr(0, length));
        bytes.remove_prefix(length);
        continue;
      }
    }
    const std::size_t wanted = record_bytes(buffer_.empty() ? bytes : buffer_) - buffer_.size();
    const std::string_view piece = bytes.substr(0, wanted);
    buffer_.append(piece);
    bytes.remove_prefix(piece.size());
    if (buffer_.size() == record_bytes(buffer_)) {
      take_record(buffer_);
      buffer_.clear();
    }
  }
}

void Decoder::take_record(std::string_view record) {
  switch (static_cast<RecordType>(record.front())) {
    case RecordType::kEntry:
      return take_entry(record.substr(1));
    case RecordType::kData:
      return take_data(record.substr(kDataHeadBytes));
    case RecordType::kHole:
      record.remove_prefix(1);
      return take_hole(take_number<std::uint64_t>(record));
    case RecordType::kEnd:
      return take_end();
    case RecordType::kDone:
      return take_done();
  }
}

void Decoder::take_entry(std::string_view record) {
  if (content_ == Content::kBegun) throw invalid_argument("a tree with an entry inside of a file");
  Entry entry;
  entry.kind = static_cast<EntryKind>(take_number<std::uint8_t>(record));
  entry.mode = take_number<std::uint32_t>(record);
  entry.mtime_ns = take_number<std::int64_t>(record);
  entry.ctime_ns = take_number<std::int64_t>(record);
  entry.inode = take_number<std::uint64_t>(record);
  entry.size = take_number<std::uint64_t>(record);
  const std::size_t path = take_number<std::uint16_t>(record);
  record.remove_prefix(2);
  entry.path = record.substr(0, path);
  entry.link_target = record.substr(path);
  check(entry);
  content_ = entry.kind == EntryKind::kFile ? Content::kMayCome : Content::kNone;
  sink_.entry(entry);
}

void Decoder::take_data(std::string_view bytes) {
  if (content_ == Content::kNone) throw invalid_argument("a tree with data outside of a file");
  content_ = Content::kBegun;
  sink_.data(bytes);
}

void Decoder::take_hole(std::uint64_t bytes) {
  if (content_ == Content::kNone) throw invalid_argument("a tree with a hole outside of a file");
  if (bytes == 0 || bytes > kMaxHoleBytes) {
    throw invalid_argument("a tree with a hole of {} bytes", bytes);
  }
  content_ = Content::kBegun;
  sink_.hole(bytes);
}

void Decoder::take_end() {
  if (content_ == Content::kNone) throw invalid_argument("a tree with an end outside of a file");
  content_ = Content::kNone;
  sink_.end_file();
}

void Decoder::take_done() {
  if (content_ == Content::kBegun) throw invalid_argument("a tree that ends inside of a file");
  done_ = true;
}

}  // namespace pyro::tree
