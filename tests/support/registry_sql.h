#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>

namespace pyro::testing {

/// Runs SQL with SQLite alone, beside who has the registry open; the first value that it gives.
inline int run_sql(const std::filesystem::path& file, const std::string& sql) {
  ::sqlite3* database = nullptr;
  EXPECT_EQ(::sqlite3_open(file.c_str(), &database), SQLITE_OK);
  int value = -1;
  const auto take = [](void* out, int, char** columns, char**) {
    *static_cast<int*>(out) = std::atoi(columns[0]);
    return 0;
  };
  EXPECT_EQ(::sqlite3_exec(database, sql.c_str(), take, &value, nullptr), SQLITE_OK) << sql;
  ::sqlite3_close(database);
  return value;
}

}  // namespace pyro::testing
