#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/tree/tree.h"

/// A tree as bytes on the guest's link. Either side may be hostile to the other.
///
/// A stream is a sequence of records, integers little-endian:
///   entry  u8 1, u8 kind, u32 mode, i64 mtime_ns, i64 ctime_ns, u64 inode, u64 size,
///          u16 path length, u16 target length, path, target
///   data   u8 2, u32 length (1 … kMaxDataBytes), bytes       of the last entry, a file
///   hole   u8 5, u64 length (1 … kMaxHoleBytes)              zeros in its place
///   end    u8 3                                      of the last entry's content
///   done   u8 4                                      of the stream; nothing follows
namespace pyro::tree {

inline constexpr std::size_t kMaxDataBytes = 65536;
/// The longest file of ext4.
inline constexpr std::uint64_t kMaxHoleBytes = 16ULL << 40U;

/// Writes a stream. Each call passes its bytes to `out`, a record in one piece or in two.
/// kInvalidArgument: an entry that a Decoder would refuse.
class Encoder : public Sink {
 public:
  explicit Encoder(std::function<void(std::string_view)> out) : out_(std::move(out)) {}
  void entry(const Entry& entry) override;
  void data(std::string_view bytes) override;
  void hole(std::uint64_t bytes) override;
  void end_file() override;
  void done();

 private:
  std::function<void(std::string_view)> out_;
  std::string record_{};
};

/// Cuts a stream, fed in pieces of any size, into the calls of a sink. Holds at most one record.
/// Throws kInvalidArgument for an invalid stream: unknown kinds, paths that are not clean or too
/// long, data outside of a file, an entry inside of one, links without a target, anything after the
/// end. Do not feed it after a throw, the sink's included.
class Decoder {
 public:
  explicit Decoder(Sink& sink) : sink_(sink) {}
  void feed(std::string_view bytes);
  /// Whether the stream is complete.
  bool done() const { return done_; }

 private:
  /// The state of the last entry's content.
  enum class Content { kNone, kMayCome, kBegun };

  void take_record(std::string_view record);
  void take_entry(std::string_view record);
  void take_data(std::string_view bytes);
  void take_hole(std::uint64_t bytes);
  void take_end();
  void take_done();

  Sink& sink_;
  std::string buffer_{};
  Content content_ = Content::kNone;
  bool done_ = false;
};

}  // namespace pyro::tree
