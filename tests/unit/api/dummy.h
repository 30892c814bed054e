#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/api/field.h"

/// An operation that exists only here: from its field list alone all five forms must come.
namespace pyro::api {

enum class Doneness { kRare, kMedium };
constexpr std::array<std::pair<Doneness, std::string_view>, 2> enum_names(Doneness) {
  return {{{Doneness::kRare, "rare"}, {Doneness::kMedium, "medium"}}};
}

struct Side {
  std::string name;
  std::uint32_t grams = 100;

  template <class Fields>
  static void describe(Fields& f) {
    f("name", &Side::name, "What it is.", kRequired);
    f("grams", &Side::grams, "How much.", range(1, 500));
  }
  bool operator==(const Side&) const = default;
};

struct Meal {
  std::string summary;
  std::optional<double> price;
  std::optional<std::uint32_t> tip;

  template <class Fields>
  static void describe(Fields& f) {
    f("summary", &Meal::summary, "What was cooked.");
    f("price", &Meal::price, "What it costs, when it is known.");
    f("tip", &Meal::tip, "What was left, if something was.", kAbsentWhenNull);
  }
  bool operator==(const Meal&) const = default;
};

struct Cook {
  static constexpr Method kMethod{"kitchen.cook"};
  using Reply = Meal;
  std::string dish;
  std::uint32_t table = 1;
  std::int32_t offset = -3;
  double minutes = 2.5;
  double heat = 1;
  bool spicy = false;
  Doneness doneness = Doneness::kMedium;
  std::optional<std::string> note;
  std::vector<Side> sides;
  std::map<std::string, std::uint32_t> extras;
  std::string secret;

  template <class Fields>
  static void describe(Fields& f) {
    f("dish", &Cook::dish, "What to cook.", kRequired, kPositional, max_length(16));
    f("table", &Cook::table, "Where it goes.", range(1, 8));
    f("offset", &Cook::offset, "A number that may be negative.", range(-5, 5));
    f("minutes", &Cook::minutes, "How long.", kPositive);
    f("heat", &Cook::heat, "How hot.", range(0, 3));
    f("spicy", &Cook::spicy, "With chili.");
    f("doneness", &Cook::doneness, "How done.");
    f("note", &Cook::note, "For the cook.", max_length(8));
    f("sides", &Cook::sides, "Beside it.", max_length(2));
    f("extras", &Cook::extras, "Extras and how many.", max_length(2));
    f("secret", &Cook::secret, "Between processes only.", kHidden);
  }
  bool operator==(const Cook&) const = default;
};

}  // namespace pyro::api
