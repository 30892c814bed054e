#include "common/network/learned_names.h"

#include <algorithm>
#include <tuple>

#include "common/api/json_codec.h"
#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::network {
namespace {

constexpr std::uint64_t kMostLearnedBytes = 1U << 20U;

}  // namespace

bool LearnedNames::add(std::string_view name, std::uint16_t port) {
  const auto key = std::tie(name, port);
  const auto at = std::lower_bound(
      names.begin(), names.end(), key, [](const LearnedName& have, const auto& wanted) {
        return std::tuple<std::string_view, std::uint16_t>(have.name, have.port) < wanted;
      });
  if (at != names.end() && at->name == name && at->port == port) {
    ++at->count;
    return false;
  }
  if (names.size() >= kMostNames) {
    truncated = true;
    return false;
  }
  names.insert(at, LearnedName{.name = std::string(name), .port = port, .count = 1});
  return true;
}

std::vector<std::string> allow_entries_of(const LearnedNames& learned) {
  std::vector<std::string> entries;
  for (const auto& [name, port, count] : learned.names) {
    const bool usual = port == kTlsPort || port == kHttpPort;
    std::string entry = usual ? name : fmt::format("{}:{}", name, port);
    try {
      entry = AllowEntry::parse(entry).text();
    } catch (const Error&) {
      continue;  // a single label, which no allowlist holds
    }
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  return entries;
}

LearnedNames read_learned(const std::filesystem::path& directory) {
  try {
    return api::from_json_text<LearnedNames>(read_file(directory / kLearnedFile, kMostLearnedBytes),
                                             api::UnknownFields::kIgnore, kLearnedFile);
  } catch (const Error&) {
    return {};
  }
}

void write_learned(const std::filesystem::path& directory, const LearnedNames& learned) {
  replace_file(directory / kLearnedFile, api::to_json_text(learned));
}

}  // namespace pyro::network

PYRO_TABLE(pyro::network::LearnedNames)
