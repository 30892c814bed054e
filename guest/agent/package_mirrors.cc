#include "guest/agent/package_mirrors.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOurLines = "# The package cache that pyro gives this machine.\n";
constexpr std::uint64_t kMostFileBytes = 1U << 20U;

/// A tool's settings. `text` begins with kOurLines; `{}` in it is the mirror's address and port.
struct Setting {
  std::string_view site;
  std::string_view file;
  std::string_view text;
};

/// pip and npm read these before their users'. apt asks a proxy for the two archives alone. Go and
/// Cargo know no file of the whole system that users' files come before: these are the user's, if
/// he has none.
constexpr std::array<Setting, 7> kSettings = {{
    {"pypi", "etc/xdg/pip/pip.conf",
     "[global]\nindex-url = http://{}/simple/\ntrusted-host = {}\n"},
    {"npm", "etc/npmrc", "registry=http://{}/\n"},
    {"npm", "usr/local/etc/npmrc", "registry=http://{}/\n"},
    {"npm", "usr/etc/npmrc", "registry=http://{}/\n"},
    {"debian", "etc/apt/apt.conf.d/90pyro-package-cache",
     "Acquire::http::Proxy::deb.debian.org \"http://{}/\";\n"
     "Acquire::http::Proxy::security.debian.org \"http://{}/\";\n"},
    {"crates", "root/.cargo/config.toml",
     "[source.crates-io]\nreplace-with = \"pyro-package-cache\"\n"
     "[source.pyro-package-cache]\nregistry = \"sparse+http://{}/index/\"\n"},
    {"go", "root/.config/go/env", "GOPROXY=http://{},direct\n"},
}};

std::string filled(std::string_view text, std::string_view place) {
  std::string out(kOurLines);
  for (auto at = text.find("{}"); at != std::string_view::npos; at = text.find("{}")) {
    out += text.substr(0, at);
    out += place;
    text.remove_prefix(at + 2);
  }
  return out += text;
}

/// A file of the guest, opened for reading and writing; none: it is missing or no plain file.
UniqueFd open_plain(const fs::path& file) {
  UniqueFd fd(::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (fd && (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode))) fd.reset();
  return fd;
}

void write_new(const fs::path& file, std::string_view text) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  constexpr unsigned kForAll = 0644;
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kForAll));
  if (!fd && errno == EEXIST) return;
  if (!fd) throw system_error(fmt::format("open '{}'", file.string()));
  ::fchmod(fd.get(), kForAll);
  write_all(fd.get(), text);
}

/// From our first line to the end of what we wrote, wherever the mirror was.
void cut_ours(const fs::path& file, std::string_view template_text) {
  const UniqueFd fd = open_plain(file);
  if (!fd) return;
  std::string text = read_to_end(fd.get(), kMostFileBytes);
  const auto begin = text.find(kOurLines);
  if (begin == std::string::npos) return;
  // As many lines as we wrote: a user may have put his own around them.
  auto end = begin;
  const auto lines = 1 + std::count(template_text.begin(), template_text.end(), '\n');
  for (std::ptrdiff_t i = 0; i < lines && end < text.size(); ++i) {
    const auto next = text.find('\n', end);
    end = next == std::string::npos ? text.size() : next + 1;
  }
  text.erase(begin, end - begin);
  if (text.empty()) {
    ::unlink(file.c_str());
    return;
  }
  if (::ftruncate(fd.get(), 0) != 0 || ::lseek(fd.get(), 0, SEEK_SET) != 0) {
    throw system_error(file.string());
  }
  write_all(fd.get(), text);
}

}  // namespace

void PackageMirrors::set(const std::vector<api::agent::PackageMirror>& mirrors) const {
  for (const Setting& setting : kSettings) {
    const fs::path file = root_ / setting.file;
    const auto mirror = std::find_if(mirrors.begin(), mirrors.end(),
                                     [&](const auto& one) { return one.site == setting.site; });
    if (mirror == mirrors.end()) {
      cut_ours(file, setting.text);
    } else {
      write_new(file, filled(setting.text, fmt::format("{}:{}", mirror->address, mirror->port)));
    }
  }
}

}  // namespace pyro::agent
