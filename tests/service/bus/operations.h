#pragma once

#include <string>

#include "common/api/field.h"

/// Operations of the service that these tests talk to.
namespace pyro::bus::testing {

struct Answer {
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    f("text", &Answer::text, "What was answered.");
  }
};

/// May be repeated.
struct Ask {
  static constexpr api::Method kMethod{"test.ask", api::Idempotent::kYes};
  using Reply = Answer;
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    f("text", &Ask::text, "What to answer.");
  }
};

/// May not be repeated.
struct Change {
  static constexpr api::Method kMethod{"test.change"};
  using Reply = Answer;
  std::string key;
  std::string text;

  template <class Fields>
  static void describe(Fields& f) {
    f("key", &Change::key, "What is changed.");
    f("text", &Change::text, "Into what.");
  }
};

}  // namespace pyro::bus::testing
