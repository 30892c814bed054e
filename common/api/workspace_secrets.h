#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/api/field.h"
#include "common/api/network.h"

/// Secrets of a workspace: values that its guest has, and no answer, log or record.
namespace pyro::api {

/// Of requests that name a path on the host.
inline constexpr std::string_view kByModel =
    "A model named the path, and the door has resolved and checked it: no symbolic link in it is "
    "followed.";

inline constexpr std::size_t kMostSecrets = 64;
inline constexpr std::size_t kMostSecretBytes = 64U << 10U;

enum class SecretSource { kLiteral, kFile };
constexpr std::array<std::pair<SecretSource, std::string_view>, 2> enum_names(SecretSource) {
  return {{{SecretSource::kLiteral, "literal"}, {SecretSource::kFile, "file"}}};
}

/// A secret by its name; its value is in no record.
struct WorkspaceSecret {
  std::string name;
  SecretSource source_kind = SecretSource::kLiteral;
  std::vector<std::string> hosts;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &WorkspaceSecret::name, "Its name.");
    f("source_kind", &WorkspaceSecret::source_kind, "literal or file.");
    f("hosts", &WorkspaceSecret::hosts,
      "Where it goes, in headers of requests; its guest has a placeholder. None: its guest has "
      "it.",
      max_length(kMostSecretHosts));
  }
};

/// A secret as its caller gives it: a value, or the file that holds it.
struct GivenSecret {
  std::string name;
  std::optional<std::string> value;
  std::optional<std::string> file_path;
  std::vector<std::string> hosts;
  bool by_model = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &GivenSecret::name, "A letter or _, then at most 63 letters, digits and _.",
      kRequired, max_length(64));
    f("value", &GivenSecret::value, "Its value, 4 bytes to 64 KiB.", max_length(kMostSecretBytes));
    f("file_path", &GivenSecret::file_path,
      "In place of value: a file on the host whose content it is. It is read once.",
      max_length(4096));
    f("hosts", &GivenSecret::hosts,
      "Keep the value out of the guest, which has a placeholder: the value takes its place in "
      "headers of HTTPS requests to these hosts, as api.example.com. Needs a network.",
      max_length(kMostSecretHosts));
    f("by_model", &GivenSecret::by_model, kByModel, kHidden);
  }
};

inline constexpr std::string_view kSecretEnv =
    "Environment variables that hold secrets, as {\"VARIABLE\": \"secret\"}.";

/// Of a request between services.
inline constexpr std::string_view kSecretFile =
    "The file with the workspace's secrets, which the answer does not show; none: it has none.";

/// Of a request that starts something in the guest.
template <class Request, class Fields>
void describe_secret_env(Fields& f) {
  f("secret_env", &Request::secret_env, kSecretEnv, max_length(64));
}

}  // namespace pyro::api
