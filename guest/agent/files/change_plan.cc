#include "guest/agent/files/change_plan.h"

#include <fmt/core.h>

#include <charconv>

#include "common/base/timespec.h"
#include "common/tree/path.h"

namespace pyro::agent::files {
namespace {

constexpr std::string_view kVersion = "pyro change 1";
constexpr std::string_view kEnd = "end";

/// Up to the next NUL, which ends every field.
std::optional<std::string_view> take_field(std::string_view& text) {
  const std::size_t end = text.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end + 1);
  return field;
}

bool is_name(std::string_view text) {
  return !text.empty() && tree::is_clean_path(text) && tree::name_of(text) == text;
}

/// `KIND INODE PATH`
std::optional<Step> decode_step(std::string_view field) {
  if (field.size() < 2 || field[1] != ' ') return std::nullopt;
  Step step;
  step.kind = static_cast<StepKind>(field[0]);
  if (step.kind != StepKind::kDelete && step.kind != StepKind::kPlace &&
      step.kind != StepKind::kReplace) {
    return std::nullopt;
  }
  const char* end = field.data() + field.size();
  const auto [rest, failed] = std::from_chars(field.data() + 2, end, step.inode);
  if (failed != std::errc{} || rest == end || *rest != ' ') return std::nullopt;
  step.path.assign(rest + 1, end);
  if (step.path.empty() || !tree::is_clean_path(step.path)) return std::nullopt;
  return step;
}

}  // namespace

Identity identity_of(const struct stat& info) {
  return {.inode = info.st_ino,
          .mtime_ns = nanoseconds_of(info.st_mtim),
          .size = static_cast<std::uint64_t>(info.st_size)};
}

std::string encode(const ChangePlan& plan) {
  std::string out;
  const auto add = [&out](std::string_view field) { out.append(field).push_back('\0'); };
  add(kVersion);
  add(plan.staging);
  for (const auto& step : plan.steps) {
    add(fmt::format("{} {} {}", static_cast<char>(step.kind), step.inode, step.path));
  }
  add(kEnd);
  return out;
}

std::optional<ChangePlan> decode_plan(std::string_view text) {
  if (take_field(text) != kVersion) return std::nullopt;
  const auto staging = take_field(text);
  if (!staging || !is_name(*staging)) return std::nullopt;
  ChangePlan plan{.staging = std::string(*staging), .steps = {}};
  while (const auto field = take_field(text)) {
    if (*field == kEnd) return text.empty() ? std::optional(plan) : std::nullopt;
    auto step = decode_step(*field);
    if (!step) return std::nullopt;
    plan.steps.push_back(std::move(*step));
  }
  return std::nullopt;
}

}  // namespace pyro::agent::files
