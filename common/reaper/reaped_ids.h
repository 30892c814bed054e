#pragma once

#include <string>

#include "common/registry/registry.h"

namespace pyro {

/// The ids of expired things, in their own table, so that a late caller hears `expired`. Keeps each
/// for a week.
class ReapedIds {
 public:
  ReapedIds(Registry& registry, std::string table) : rows_(registry, std::move(table)) {}

  void add(const std::string& id);
  bool contains(const std::string& id) const;

 private:
  struct Row {
    double reaped_at = 0;

    template <class Fields>
    static void describe(Fields& f) {
      f("reaped_at", &Row::reaped_at, "Seconds since the epoch.");
    }
  };
  RecordTable<Row> rows_;
};

}  // namespace pyro
