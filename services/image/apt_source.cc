#include "services/image/apt_source.h"

#include <algorithm>
#include <array>
#include <regex>
#include <set>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/process/child_process.h"
#include "services/image/catalog.h"

namespace pyro::image {
namespace {

constexpr std::string_view kKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Only what cannot end a word or an option list of a sources.list line.
bool is_archive_address(std::string_view text) {
  static const std::regex pattern(
      R"((https?|ftp|file|copy|mirror\+https?|tor\+https?):/[-A-Za-z0-9._~:/?#@!$&'()*+,;=%]*)");
  return text.size() <= 1024 && std::regex_match(text.begin(), text.end(), pattern);
}

bool is_suite(std::string_view text) {
  static const std::regex pattern("[A-Za-z0-9][-A-Za-z0-9._/]*");
  return text.size() <= 128 && std::regex_match(text.begin(), text.end(), pattern);
}

std::string source_line(std::string_view uri, std::string_view suite) {
  return fmt::format("deb [signed-by={}] {} {} main", kKeyring, uri, suite);
}

/// `deb [signed-by=…] URI SUITE main` → `URI SUITE`
std::string describe(const std::vector<std::string>& lines) {
  std::set<std::string> addresses;
  for (const auto& line : lines) {
    const auto words = split(line, ' ');
    if (words.size() > 2) addresses.insert(words[2]);
  }
  return join({addresses.begin(), addresses.end()}, ", ");
}

/// The answer of the host's apt, or nothing where there is no apt: a host need not be Debian.
std::string ask(std::vector<std::string> argv, const Work& work) {
  if (!find_program(argv[0])) return "";
  const auto result = run_command({.argv = std::move(argv), .environment = {{"LC_ALL", "C.UTF-8"}}},
                                  work.deadline, work.stop);
  return result.status.ok() ? result.output : "";
}

}  // namespace

std::vector<std::string> sources_from_index_targets(std::string_view text) {
  constexpr std::array<std::string_view, 3> kCodenames = {"bookworm", "bookworm-updates",
                                                          "bookworm-security"};
  std::vector<std::string> lines;
  bool has_main_archive = false;
  for (const auto& target : split(text, '\n')) {
    const auto fields = split(target, '|');
    if (fields.size() != 5) continue;
    const auto &uri = fields[0], &release = fields[1], &component = fields[2], &origin = fields[3],
               &codename = fields[4];
    const bool wanted =
        std::find(kCodenames.begin(), kCodenames.end(), codename) != kCodenames.end();
    if (origin != "Debian" || component != "main" || !wanted) continue;
    if (!is_archive_address(uri) || !is_suite(release)) continue;
    has_main_archive = has_main_archive || codename == kSuite;
    std::string line = source_line(uri, release);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
      lines.push_back(std::move(line));
    }
  }
  if (!has_main_archive) lines.clear();
  return lines;
}

std::vector<std::string> options_from_apt_config(std::string_view text) {
  // A proxy of all, of one scheme or of one host, or a program that finds it.
  constexpr const char* kProxy =
      R"(([A-Za-z0-9+]+::)?(Proxy|Proxy-Auto-Detect|ProxyAutoDetect)(::[-A-Za-z0-9._]+)?)";
  static const std::regex pattern(
      fmt::format(R"re(Acquire::({}|Check-Valid-Until|Check-Date) "[^"\\]+";)re", kProxy),
      std::regex::ECMAScript | std::regex::icase);
  std::vector<std::string> options;
  for (const auto& line : split(text, '\n')) {
    if (line.size() <= 1024 && std::regex_match(line, pattern)) options.push_back(line);
  }
  return options;
}

std::vector<std::string> sources_from_mirror(std::string_view mirror) {
  if (!is_archive_address(mirror)) {
    throw invalid_argument(
        "mirror '{}' is not the address of a Debian archive: give one like "
        "http://deb.debian.org/debian",
        printable(mirror));
  }
  while (mirror.ends_with('/')) mirror.remove_suffix(1);
  std::vector<std::string> lines = {source_line(mirror, "bookworm"),
                                    source_line(mirror, "bookworm-updates")};
  // By Debian's own layout the security archive lies beside the main one.
  if (mirror.ends_with("/debian")) {
    lines.push_back(source_line(std::string(mirror) + "-security", "bookworm-security"));
  }
  return lines;
}

std::vector<std::string> default_sources() {
  return sources_from_mirror("http://deb.debian.org/debian");
}

AptSource choose_apt_source(const std::optional<std::string>& mirror, const Work& work) {
  AptSource source;
  source.options = options_from_apt_config(ask({"apt-config", "dump"}, work));
  if (mirror && !mirror->empty()) {
    source.lines = sources_from_mirror(*mirror);
  } else {
    source.lines = sources_from_index_targets(
        ask({"apt-get", "indextargets", "--format",
             "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|$(CODENAME)", "Identifier: Packages"},
            work));
    if (source.lines.empty()) source.lines = default_sources();
  }
  source.description = describe(source.lines);
  return source;
}

}  // namespace pyro::image
