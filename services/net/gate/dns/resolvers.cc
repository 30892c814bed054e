#include "services/net/gate/dns/resolvers.h"

#include <fmt/core.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"

namespace pyro::gate::dns {
namespace {

constexpr std::size_t kMostServers = 3;
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint64_t kMostFileBytes = 64U << 10U;

bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::vector<Endpoint> resolvers_in(std::string_view text) {
  std::vector<Endpoint> servers;
  constexpr std::string_view kWord = "nameserver";
  for (const auto& line : split(text, '\n')) {
    if (line.compare(0, kWord.size(), kWord) != 0) continue;
    std::string_view rest = std::string_view(line).substr(kWord.size());
    if (rest.empty() || (rest.front() != ' ' && rest.front() != '\t')) continue;
    rest = trim(rest);
    const auto address = Address::parse(rest.substr(0, rest.find_first_of(" \t#;")));
    if (address && servers.size() < kMostServers) servers.push_back({*address, kDnsPort});
  }
  if (servers.empty()) servers.push_back({*Address::parse("127.0.0.1"), kDnsPort});
  return servers;
}

const std::vector<Endpoint>& Resolvers::get() {
  struct stat now {};
  const bool there = ::stat(file_.c_str(), &now) == 0;
  if (!servers_.empty() && there && read_ && same_file(*read_, now)) return servers_;
  try {
    servers_ = resolvers_in(there ? read_file(file_, kMostFileBytes) : "");
    read_ = now;
  } catch (const Error& error) {
    fmt::print(stderr, "gate: {}\n", error.message());
    if (servers_.empty()) servers_ = resolvers_in("");
  }
  return servers_;
}

}  // namespace pyro::gate::dns
