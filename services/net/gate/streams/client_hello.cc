#include "services/net/gate/streams/client_hello.h"

#include <optional>

#include "common/network/policy.h"

namespace pyro::gate {
namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::uint8_t kHostName = 0;
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMostRecordBytes = 1U << 14U;
constexpr std::size_t kMessageHeader = 4;

/// Takes numbers and vectors from the front; after a failure it gives nothing more.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::size_t number(std::size_t bytes) {
    std::size_t value = 0;
    for (const char c : take(bytes)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  /// With its length before it, in so many bytes.
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }
  bool good() const { return good_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

ClientHelloReader::State ClientHelloReader::feed(std::string_view bytes) {
  if (state_ != State::kMore) return state_;
  records_ += bytes;
  return state_ = take_records();
}

ClientHelloReader::State ClientHelloReader::take_records() {
  for (;;) {
    if (records_.empty()) return State::kMore;
    if (static_cast<std::uint8_t>(records_[0]) != kHandshakeRecord) return State::kNotTls;
    if (records_.size() > 1 && records_[1] != 3) return State::kNotTls;
    if (records_.size() < kRecordHeader) return State::kMore;
    Cursor header(std::string_view(records_).substr(3, 2));
    const std::size_t length = header.number(2);
    if (length == 0 || length > kMostRecordBytes) return State::kNotTls;
    if (records_.size() < kRecordHeader + length) return State::kMore;
    handshake_.append(records_, kRecordHeader, length);
    records_.erase(0, kRecordHeader + length);
    if (static_cast<std::uint8_t>(handshake_[0]) != kClientHello) return State::kNotTls;
    if (handshake_.size() < kMessageHeader) continue;
    const std::size_t body = Cursor(std::string_view(handshake_).substr(1, 3)).number(3);
    if (body > kMostBytes) return State::kNotTls;
    if (handshake_.size() < kMessageHeader + body) continue;
    // Nothing comes between a hello and the server's answer.
    if (handshake_.size() > kMessageHeader + body) return State::kNotTls;
    return read_hello(std::string_view(handshake_).substr(kMessageHeader));
  }
}

ClientHelloReader::State ClientHelloReader::read_hello(std::string_view body) {
  Cursor hello(body);
  const std::size_t version = hello.number(2);
  hello.take(32);  // random
  const auto session = hello.vector(1);
  const auto suites = hello.vector(2);
  const auto compressions = hello.vector(1);
  if (!hello.good() || version >> 8U != 3 || session.size() > 32 || suites.size() < 2 ||
      suites.size() % 2 != 0 || compressions.empty()) {
    return State::kNotTls;
  }
  if (hello.empty()) return State::kNoName;
  const auto extensions = hello.vector(2);
  if (!hello.good() || !hello.empty()) return State::kNotTls;
  return read_extensions(extensions);
}

ClientHelloReader::State ClientHelloReader::read_extensions(std::string_view extensions) {
  Cursor rest(extensions);
  std::optional<std::string_view> server_name;
  while (!rest.empty()) {
    const std::size_t type = rest.number(2);
    const auto data = rest.vector(2);
    if (!rest.good()) return State::kNotTls;
    if (type != kServerNameExtension) continue;
    if (server_name) return State::kNotTls;
    server_name = data;
  }
  return server_name ? read_server_name(*server_name) : State::kNoName;
}

ClientHelloReader::State ClientHelloReader::read_server_name(std::string_view list) {
  Cursor outer(list);
  Cursor names(outer.vector(2));
  const std::size_t type = names.number(1);
  const auto name = names.vector(2);
  if (!outer.good() || !outer.empty() || !names.good() || !names.empty() || type != kHostName) {
    return State::kNotTls;
  }
  const auto host = network::host_name_of(name);
  if (!host) return State::kNotTls;
  name_ = *host;
  return State::kName;
}

}  // namespace pyro::gate
