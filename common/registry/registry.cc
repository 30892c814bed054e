#include "common/registry/registry.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <array>

#include "common/base/error.h"

namespace pyro {
namespace {

/// How long a writer waits for another process's transaction.
constexpr int kBusyTimeoutMs = 5000;

/// Migration n brings a file from version n to n + 1. Never change one that was released.
constexpr std::array<const char*, 1> kMigrations = {
    // services/vm: its machines; the ids of those that expired; what a probe found per host boot.
    "CREATE TABLE machines (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE reaped_machines (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE accelerators (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
};

template <class Action>
decltype(auto) as_errors(std::string_view attempt, Action&& action) {
  try {
    return action();
  } catch (const SQLite::Exception& error) {
    const bool full = error.getErrorCode() == 13;  // SQLITE_FULL
    throw Error(full ? ErrorCode::kResourceExhausted : ErrorCode::kInternal,
                fmt::format("registry: {}: {}", attempt, error.what()));
  }
}

}  // namespace

struct Registry::Database {
  SQLite::Database handle;

  explicit Database(const std::filesystem::path& file)
      : handle(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs) {
    const int found = version();
    if (found > schema_version()) {
      throw failed_precondition(
          "registry '{}' was written by a newer pyro (schema {}, this one knows {}): upgrade pyro, "
          "or choose another state directory",
          file.string(), found, schema_version());
    }
    handle.exec("PRAGMA journal_mode = WAL");
    handle.exec("PRAGMA synchronous = NORMAL");
    migrate();
  }

  int version() { return handle.execAndGet("PRAGMA user_version").getInt(); }

  void migrate() {
    if (version() == schema_version()) return;
    // Two services may open a new file at once: the lock comes first, the version is read under it.
    handle.exec("BEGIN IMMEDIATE");
    try {
      for (int at = version(); at < schema_version(); ++at) {
        handle.exec(kMigrations.at(static_cast<std::size_t>(at)));
        handle.exec(fmt::format("PRAGMA user_version = {}", at + 1));
      }
      handle.exec("COMMIT");
    } catch (...) {
      handle.exec("ROLLBACK");
      throw;
    }
  }
};

int Registry::schema_version() { return static_cast<int>(kMigrations.size()); }

Registry::Registry(const std::filesystem::path& file) {
  database_ = as_errors(fmt::format("open '{}'", file.string()),
                        [&file] { return std::make_unique<Database>(file); });
}

Registry::~Registry() = default;

std::optional<std::string> Registry::get(std::string_view table, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  return as_errors("read", [&]() -> std::optional<std::string> {
    SQLite::Statement query(database_->handle,
                            fmt::format("SELECT record FROM {} WHERE id = ?", table));
    query.bind(1, id);
    if (!query.executeStep()) return std::nullopt;
    return query.getColumn(0).getString();
  });
}

void Registry::put(std::string_view table, const std::string& id, const std::string& record) {
  const std::lock_guard lock(mutex_);
  as_errors("write", [&] {
    SQLite::Statement query(
        database_->handle,
        fmt::format("INSERT INTO {} (id, record) VALUES (?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                    table));
    query.bind(1, id);
    query.bind(2, record);
    query.exec();
  });
}

bool Registry::erase(std::string_view table, const std::string& id) {
  const std::lock_guard lock(mutex_);
  return as_errors("delete", [&] {
    SQLite::Statement query(database_->handle, fmt::format("DELETE FROM {} WHERE id = ?", table));
    query.bind(1, id);
    return query.exec() > 0;
  });
}

std::vector<std::pair<std::string, std::string>> Registry::all(std::string_view table) const {
  const std::lock_guard lock(mutex_);
  return as_errors("read", [&] {
    std::vector<std::pair<std::string, std::string>> rows;
    SQLite::Statement query(database_->handle,
                            fmt::format("SELECT id, record FROM {} ORDER BY id", table));
    while (query.executeStep()) {
      rows.emplace_back(query.getColumn(0).getString(), query.getColumn(1).getString());
    }
    return rows;
  });
}

}  // namespace pyro
