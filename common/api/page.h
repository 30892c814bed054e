#pragma once

#include <cstdint>
#include <optional>

#include "common/api/field.h"

/// A long list that comes in parts.
namespace pyro::api {

/// Of a request: where its part begins.
template <class Request, class Fields>
void describe_offset(Fields& f) {
  f("offset", &Request::offset, "Entries to leave out at the beginning.");
}

/// Of a reply: whether more follows, and where.
struct PageEnd {
  bool truncated = false;
  std::optional<std::uint64_t> next_offset;

  template <class Fields>
  static void describe(Fields& f) {
    f("truncated", &PageEnd::truncated, "More follows.");
    f("next_offset", &PageEnd::next_offset, "Only when truncated: the offset of the next part.",
      kAbsentWhenNull);
  }
};

}  // namespace pyro::api
