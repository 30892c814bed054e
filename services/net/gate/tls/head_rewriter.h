#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::gate {

/// What stands in the guest for a value that is on the host alone.
struct Binding {
  std::string placeholder;
  std::string value;
};

/// Puts values into the heads of requests that HttpRequests has read. Not into the request line,
/// nor into fields that servers keep or show by habit, as User-Agent; also into the credentials of
/// `Authorization: Basic`, within their base64. What would let an answer escape the redaction is
/// taken out: a request asks for no encoding, and for no part of what is there.
class HeadRewriter {
 public:
  /// Of a head with its values: more than any server takes.
  static constexpr std::size_t kMostBytes = 256U << 10U;

  explicit HeadRewriter(std::vector<Binding> bindings) : bindings_(std::move(bindings)) {}

  /// nullopt: it would be longer than kMostBytes.
  std::optional<std::string> rewrite(std::string_view head) const;

 private:
  void put_values(std::string& text) const;
  std::string value_of_field(std::string_view name, std::string_view value) const;

  std::vector<Binding> bindings_;
};

}  // namespace pyro::gate
