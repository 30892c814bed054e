#include "common/source/remote_url.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "common/base/error.h"
#include "common/base/text.h"

namespace pyro::source {
namespace {

Error refused(std::string_view why) {
  return invalid_argument(
      "--repo-url {}: give https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, or a "
      "repository's path on this host",
      why);
}

/// `%40` as `@`.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      return at < text.size() ? kDigits.find(static_cast<char>(
                                    std::tolower(static_cast<unsigned char>(text[at]))))
                              : std::string_view::npos;
    };
    const std::size_t high = text[i] == '%' ? digit(i + 1) : std::string_view::npos;
    const std::size_t low = high == std::string_view::npos ? high : digit(i + 2);
    if (low == std::string_view::npos) {
      out += text[i];
    } else {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// The parts of `PROTOCOL://[USER[:PASSWORD]@]HOST/PATH`.
struct Parts {
  std::string user_info;
  std::string host;  ///< with its port
  std::string path;  ///< from its slash on
};

/// `NAME`, `[ADDRESS]`, with `:PORT`: digits, so that no password is taken for one.
bool is_host(std::string_view host) {
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const std::size_t colon = std::min(host.find(':', bracket), host.size());
  const std::string_view name = host.substr(0, colon);
  const std::string_view port = host.substr(colon);
  const auto is_of_a_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr(".-_:[]", c) != nullptr;
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  // One that begins with '-' would be an option of ssh.
  return !name.empty() && !name.starts_with('-') &&
         std::all_of(name.begin(), name.end(), is_of_a_name) &&
         (port.empty() || (port.size() > 1 && port.size() <= 6 &&
                           std::all_of(port.begin() + 1, port.end(), is_digit)));
}

Parts cut(std::string_view rest) {
  Parts parts;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  parts.path = rest.substr(slash);
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) parts.user_info = authority.substr(0, at);
  parts.host = authority.substr(at == std::string_view::npos ? 0 : at + 1);
  if (!is_host(parts.host)) {
    throw refused("names no host (a '/' in a user or password is written %2F)");
  }
  return parts;
}

RemoteUrl https(std::string_view rest) {
  if (rest.find_first_of("?#") != std::string_view::npos) {
    throw refused("may have neither a query nor a fragment");
  }
  const Parts parts = cut(rest);
  // Behind an unescaped slash of credentials it is their end, and they would be shown.
  if (parts.path.find('@') != std::string::npos) {
    throw refused("has an '@' in its path (write it %40, and a '/' in a password %2F)");
  }
  RemoteUrl url{.plain = "https://" + parts.host + parts.path};
  if (parts.user_info.empty()) return url;
  const std::size_t colon = std::min(parts.user_info.find(':'), parts.user_info.size());
  const std::string user = percent_decoded(parts.user_info.substr(0, colon));
  const std::string password =
      percent_decoded(parts.user_info.substr(std::min(colon + 1, parts.user_info.size())));
  if ((user + password).find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
    throw refused("has credentials with a line break");
  }
  url.settings = {"credential.https://" + parts.host +
                  ".helper=!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
                  "\"$PYRO_GIT_USER\" \"$PYRO_GIT_PASSWORD\"; }; f"};
  url.variables = {{"PYRO_GIT_USER", user}, {"PYRO_GIT_PASSWORD", password}};
  return url;
}

RemoteUrl ssh(std::string_view rest) {
  const Parts parts = cut(rest);
  if (parts.user_info.find(':') != std::string::npos || parts.user_info.starts_with('-')) {
    throw refused("may hold no password for ssh, which takes keys");
  }
  return {.plain = fmt::format("ssh://{}{}{}{}", parts.user_info,
                               parts.user_info.empty() ? "" : "@", parts.host, parts.path)};
}

}  // namespace

RemoteUrl parse_remote_url(const std::string& url) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (url.empty()) throw refused("is empty");
  if (std::any_of(url.begin(), url.end(), is_control)) throw refused("holds control characters");
  if (url.starts_with('-')) throw refused("must not begin with '-'");
  const std::string_view text = url;
  for (const auto& [prefix, read] :
       {std::pair{std::string_view("https://"), &https}, {std::string_view("ssh://"), &ssh}}) {
    if (text.starts_with(prefix)) return read(text.substr(prefix.size()));
  }
  if (text.starts_with("file:///") || text.starts_with('/')) return {.plain = url};
  const std::size_t colon = text.find(':');
  const std::string_view tail = text.substr(std::min(colon + 1, text.size()));
  const bool is_scp = colon != std::string_view::npos && colon < text.find('/') &&
                      !tail.starts_with(':') && !tail.starts_with("//") && !tail.empty();
  if (!is_scp) throw refused("is of no protocol that is allowed");
  const std::string_view host = text.substr(0, colon);
  if (host.empty() || host.find("@-") != std::string_view::npos) throw refused("names no host");
  // `user:token@host` without its protocol: the token must not go where paths are shown.
  if (tail.find('@') != std::string_view::npos) {
    throw refused("holds credentials but no protocol");
  }
  return {.plain = url};
}

}  // namespace pyro::source
