#include "gateway/cli/text/human.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "common/base/text.h"

namespace pyro::cli {
namespace {

struct Unit {
  std::int64_t seconds;
  std::string_view name;
};
constexpr std::array<Unit, 4> kUnits{{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}}};
/// A name in a list of names.
constexpr std::size_t kListedNameColumns = 60;

/// The largest unit that fits at least once, else seconds.
std::size_t unit_of(std::int64_t seconds) {
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && seconds < kUnits.at(unit).seconds) ++unit;
  return unit;
}

std::string in_one_unit(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  const auto& unit = kUnits.at(unit_of(whole));
  return fmt::format("{} {}", whole / unit.seconds, unit.name);
}

}  // namespace

std::string human_duration(double seconds) {
  const std::int64_t whole = std::max<std::int64_t>(0, std::llround(seconds));
  const std::size_t unit = unit_of(whole);
  const auto& large = kUnits.at(unit);
  std::string text = fmt::format("{} {}", whole / large.seconds, large.name);
  if (unit + 1 == kUnits.size()) return text;
  const auto& small = kUnits.at(unit + 1);
  const std::int64_t rest = whole % large.seconds / small.seconds;
  return rest == 0 ? text : text + fmt::format(" {} {}", rest, small.name);
}

std::string human_milliseconds(std::uint64_t milliseconds) {
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  const double seconds = static_cast<double>(milliseconds) / 1000;
  return seconds < 59.95 ? fmt::format("{:.1f} s", seconds) : human_duration(seconds);
}

std::string human_ago(double then, double now) {
  return now - then < 2 ? "just now" : in_one_unit(now - then) + " ago";
}

std::string human_until(double then, double now) {
  return then - now < 1 ? "now" : "in " + in_one_unit(then - now);
}

std::string human_time(double epoch_seconds) {
  const auto time = fmt::gmtime(static_cast<std::time_t>(epoch_seconds));
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", time);
}

std::string count_of(std::uint64_t number, std::string_view one_of_them, std::string_view many) {
  if (number == 1) return fmt::format("1 {}", one_of_them);
  return many.empty() ? fmt::format("{} {}s", number, one_of_them)
                      : fmt::format("{} {}", number, many);
}

std::string some_of(const std::vector<std::string>& names, std::size_t most) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) {
    shown.push_back(one_line(names[i], kListedNameColumns));
  }
  if (names.size() > most) shown.push_back(fmt::format("… and {} more", names.size() - most));
  return join(shown, ", ");
}

}  // namespace pyro::cli
