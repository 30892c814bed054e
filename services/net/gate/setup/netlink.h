#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

/// Messages of netlink(7), to write and to read: routes, packet rules, queued packets.
namespace pyro::gate {

/// The next place where a message or an attribute may begin.
constexpr std::size_t netlink_aligned(std::size_t bytes) { return (bytes + 3) / 4 * 4; }

/// The bytes of a plain struct.
template <class T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
std::string big_endian16(std::uint16_t value);
std::string big_endian32(std::uint32_t value);

/// One message or several in a row, with their attributes.
class NetlinkBatch {
 public:
  /// The next message; `header` is the struct that follows nlmsghdr.
  template <class T>
  NetlinkBatch& message(std::uint16_t type, std::uint16_t flags, const T& header) {
    begin(type, flags);
    append(bytes_of(header));
    return *this;
  }
  NetlinkBatch& attribute(std::uint16_t type, std::string_view data);
  /// With the zero at its end.
  NetlinkBatch& text(std::uint16_t type, std::string_view data);
  /// The attributes that `content` adds are inside of this one.
  NetlinkBatch& nested(std::uint16_t type, const std::function<void()>& content);

  const std::string& bytes() const { return bytes_; }
  /// How many messages were begun; they are numbered from 1.
  std::uint32_t count() const { return count_; }

 private:
  void begin(std::uint16_t type, std::uint16_t flags);
  void append(std::string_view data);
  void set_length(std::size_t at, std::size_t bytes);

  std::string bytes_;
  std::size_t message_ = 0;
  std::uint32_t count_ = 0;
};

/// Sends it and waits for the kernel's answers: one for each message with NLM_F_ACK. Returns 0, or
/// the error number of the first that failed.
int netlink_commit(int socket, const NetlinkBatch& batch, std::uint32_t answers);

/// The messages in received bytes. A length that is wrong ends the walk.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(std::string_view bytes) : rest_(bytes) {}

  struct Message {
    nlmsghdr header;
    std::string_view content;
  };
  std::optional<Message> next();

 private:
  std::string_view rest_;
};

/// The attribute `type` in a list of them; nullopt: it is not there.
std::optional<std::string_view> find_attribute(std::string_view attributes, std::uint16_t type);

/// The plain struct at the start of `bytes`, which it then begins after; nullopt: too short.
template <class T>
std::optional<T> take(std::string_view& bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  // What follows a header is aligned.
  const std::size_t used = netlink_aligned(sizeof value);
  bytes.remove_prefix(used < bytes.size() ? used : bytes.size());
  return value;
}

}  // namespace pyro::gate
