#include "services/net/gate/streams/stream_guard.h"

#include <array>
#include <utility>

#include "services/net/gate/rules/denial.h"
#include "services/net/gate/streams/package_guard.h"

namespace pyro::gate {
namespace {

constexpr std::uint8_t kAnyHandshake = 22;
constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::size_t kHeaderOfRecord = 5;
/// Record header, message header, version.
constexpr std::size_t kBeforeRandom = 5 + 4 + 2;
/// The random of a ServerHello that is a HelloRetryRequest (RFC 8446, 4.1.3).
constexpr std::array<std::uint8_t, 32> kRetryRandom{
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

std::string_view retry_random() {
  return {reinterpret_cast<const char*>(kRetryRandom.data()), kRetryRandom.size()};
}

std::size_t length_of_record(std::string_view header) {
  return static_cast<std::size_t>(static_cast<unsigned char>(header[3])) << 8U |
         static_cast<unsigned char>(header[4]);
}

}  // namespace

bool StreamGuard::down(std::string_view, std::string&) { return true; }

bool StreamGuard::refuse(std::string_view why) {
  refused_ = why;
  return false;
}

bool TlsGuard::up(std::string_view bytes, std::string& out) {
  if (state_ == State::kDone) {
    out += bytes;
    return true;
  }
  held_ += bytes;
  if (state_ == State::kHello) {
    reader_.feed(bytes);
    return take_hello(out);
  }
  return state_ == State::kAnswer || take_second_hello(out);
}

bool TlsGuard::take_hello(std::string& out) {
  using Hello = ClientHelloReader::State;
  if (reader_.state() == Hello::kMore) return true;
  if (reader_.state() == Hello::kNotTls) return refuse(denial::kNoTls);
  if (reader_.state() == Hello::kNoName) return refuse(denial::kNoServerName);
  name_ = reader_.server_name();
  if (const auto why = check_(name_); !why.empty()) return refuse(why);
  if (is_secret_ && is_secret_(name_)) {
    terminates_ = true;
    state_ = State::kDone;
    return true;
  }
  const std::size_t hello = held_.size() - reader_.left_over();
  out.append(held_, 0, hello);
  held_.erase(0, hello);
  state_ = State::kAnswer;
  return true;
}

/// A server that wants another key has the client send a second hello, with what name it likes.
bool TlsGuard::down(std::string_view bytes, std::string& out) {
  if (state_ != State::kAnswer) return true;
  answer_ += bytes.substr(0, kBeforeRandom + kRetryRandom.size() - answer_.size());
  const bool is_handshake = static_cast<std::uint8_t>(answer_.front()) == kAnyHandshake;
  if (is_handshake && answer_.size() < kBeforeRandom + kRetryRandom.size()) return true;
  if (is_handshake && answer_.substr(kBeforeRandom) == retry_random()) {
    state_ = State::kSecondHello;
    return take_second_hello(out);
  }
  state_ = State::kDone;
  out += std::exchange(held_, {});
  return true;
}

bool TlsGuard::take_second_hello(std::string& out) {
  using Hello = ClientHelloReader::State;
  while (held_.size() >= kHeaderOfRecord) {
    const auto type = static_cast<std::uint8_t>(held_[0]);
    const std::size_t size = kHeaderOfRecord + length_of_record(held_);
    if (held_.size() < size) return true;
    const std::string record = held_.substr(0, size);
    held_.erase(0, size);
    // Of a client that sent data early, or pretends to be an older one.
    if (type == kChangeCipherSpec || type == kApplicationData) {
      out += record;
      continue;
    }
    second_records_ += record;
    switch (second_.feed(record)) {
      case Hello::kMore:
        continue;
      case Hello::kName:
        if (second_.server_name() != name_) return refuse(denial::kServerNameNotAllowed);
        state_ = State::kDone;
        break;
      default:
        return refuse(denial::kNoTls);
    }
    out += std::exchange(second_records_, {});
    out += std::exchange(held_, {});
  }
  return true;
}

HttpGuard::HttpGuard(std::uint16_t port, CheckName check) : requests_(port, std::move(check)) {}

bool HttpGuard::up(std::string_view bytes, std::string& out) {
  const bool allowed = requests_.feed(bytes, out);
  name_ = requests_.host();
  return allowed || refuse(requests_.refused());
}

NameObserver::NameObserver(std::uint16_t port)
    : is_tls_(port == network::kTlsPort),
      requests_(port, [](std::string_view) { return std::string_view(); }) {}

bool NameObserver::up(std::string_view bytes, std::string& out) {
  out += bytes;
  if (done_) return true;
  if (is_tls_) {
    const auto state = hello_.feed(bytes);
    name_ = hello_.server_name();
    done_ = state != ClientHelloReader::State::kMore;
  } else {
    std::string unused;
    const bool read = requests_.feed(bytes, unused);
    name_ = requests_.host();
    done_ = !read || !name_.empty();
  }
  return true;
}

bool SecretHostObserver::up(std::string_view bytes, std::string& out) {
  held_ += bytes;
  const auto state = hello_.feed(bytes);
  if (state == ClientHelloReader::State::kMore) return true;
  done_ = true;
  name_ = hello_.server_name();
  terminates_ = state == ClientHelloReader::State::kName && is_secret_(name_);
  if (!terminates_) out += std::exchange(held_, {});
  return true;
}

std::unique_ptr<StreamGuard> make_guard(const Rules& rules, const Decision& decision,
                                        const Endpoint& to) {
  switch (decision.proof) {
    case Proof::kServerName:
      return std::make_unique<TlsGuard>(
          [&rules, to](std::string_view name) { return rules.denied_server_name(name, to); },
          [&rules](std::string_view name) { return rules.is_secret_host(name); });
    case Proof::kHosts:
      return std::make_unique<HttpGuard>(
          to.port, [&rules, to](std::string_view name) { return rules.denied_host(name, to); });
    case Proof::kPackages:
      return std::make_unique<PackageGuard>(*network::package_site_at(to.port));
    case Proof::kNone:
      if (to.port == network::kTlsPort && rules.injects()) {
        return std::make_unique<SecretHostObserver>(
            [&rules](std::string_view name) { return rules.is_secret_host(name); });
      }
      if (to.port == network::kTlsPort || to.port == network::kHttpPort) {
        return std::make_unique<NameObserver>(to.port);
      }
      return nullptr;
  }
  return nullptr;
}

}  // namespace pyro::gate
