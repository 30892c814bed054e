#include "common/registry/registry.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <algorithm>
#include <array>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/log/log.h"
#include "common/registry/wal_sync.h"

namespace pyro {
namespace {

/// How long a writer waits for another process's transaction.
constexpr int kBusyTimeoutMs = 5000;

/// Migration n brings a file from version n to n + 1. Never change one that was released.
constexpr std::array<const char*, 6> kMigrations = {
    // services/vm: its machines; the ids of those that expired; what a probe found per host boot.
    "CREATE TABLE machines (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE reaped_machines (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE accelerators (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    // services/workspace: its workspaces; the ids of those that expired; and, each row's id being
    // WORKSPACE/…, their named snapshots, their commands and what else a review asks for.
    "CREATE TABLE workspaces (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE reaped_workspaces (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE workspace_snapshots (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE workspace_commands (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE workspace_events (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    // services/workspace: how far pollers of a command have read, each row's id being its command's
    // with more behind it.
    "CREATE TABLE workspace_cursors (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    // This file's own id, by which directories name it.
    "CREATE TABLE identity (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "INSERT INTO identity VALUES ('registry', lower(hex(randomblob(16))));",
    // services/workspace: services, each row's id being WORKSPACE/SESSION/NAME; shells, each row's
    // id being WORKSPACE/….
    "CREATE TABLE workspace_services (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE workspace_shells (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
    // services/workspace: what guests told of whose their connections are, each row's id being
    // WORKSPACE/SESSION/NUMBER.
    "CREATE TABLE workspace_connections (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;",
};

template <class Action>
decltype(auto) as_errors(std::string_view attempt, Action&& action) {
  try {
    return action();
  } catch (const SQLite::Exception& error) {
    const auto message = fmt::format("registry: {}: {}", attempt, error.what());
    switch (error.getErrorCode()) {
      case SQLITE_FULL:
      case SQLITE_IOERR:
        // Of its index in shared memory SQLite says no more than that.
        if (error.getErrorCode() == SQLITE_IOERR && errno != ENOSPC && errno != EDQUOT) {
          throw Error(ErrorCode::kInternal, message);
        }
        throw Error(ErrorCode::kResourceExhausted, reason::kDiskFull, message);
      case SQLITE_BUSY:
        throw Error(ErrorCode::kUnavailable, reason::kBusy, message);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        throw failed_precondition(
            reason::kRegistryDamaged,
            "{}: run `pyro stack restart`, which recovers what can be read, then `pyro doctor "
            "--repair`, which brings back what workspaces say of themselves",
            message);
      default:
        throw Error(ErrorCode::kInternal, message);
    }
  }
}

int version_of(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

void refuse_newer(SQLite::Database& database, const std::filesystem::path& file) {
  const int found = version_of(database);
  if (found <= Registry::schema_version()) return;
  throw failed_precondition(
      reason::kRegistryNewer,
      "registry '{}' was written by a newer pyro (schema {}, this one knows {}): upgrade pyro, "
      "or choose another state directory",
      file.string(), found, Registry::schema_version());
}

void migrate(SQLite::Database& database, const std::filesystem::path& file) {
  if (version_of(database) == Registry::schema_version()) return;
  // Two services may open a new file at once: the lock comes first, the version is read under it.
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  refuse_newer(database, file);
  for (int at = version_of(database); at < Registry::schema_version(); ++at) {
    database.exec(kMigrations.at(static_cast<std::size_t>(at)));
    database.exec(fmt::format("PRAGMA user_version = {}", at + 1));
  }
  transaction.commit();
}

}  // namespace

namespace {

/// SQLite would make a new file readable for others, as the umask has it; its WAL takes the mode.
const std::filesystem::path& private_file(const std::filesystem::path& file) {
  open_file(file, O_RDWR | O_CREAT, 0600);
  return file;
}

/// The least text that is greater than all that begin with `prefix`, which ends in '/'.
std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  ++end.back();
  return end;
}

}  // namespace

/// Waits while it is being recovered.
UniqueFd share(const std::filesystem::path& file) {
  UniqueFd fd = open_file(file, O_RDWR | O_CREAT, 0600);
  while (::flock(fd.get(), LOCK_SH) != 0) {
    if (errno != EINTR) throw system_error(fmt::format("flock '{}'", file.string()));
  }
  return fd;
}

struct Registry::Database {
  UniqueFd in_use;
  SQLite::Database handle;
  WalSync wal;

  explicit Database(const std::filesystem::path& file)
      : in_use(share(private_file(file).string() + kInUse)),
        handle(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs),
        wal(file.string() + "-wal") {
    handle.exec("PRAGMA synchronous = NORMAL");
    // WAL is a property of the file; to set it needs a lock for which SQLite does not wait, so
    // only the first opener of a new file sets it, under a lock of ours.
    if (handle.execAndGet("PRAGMA journal_mode").getString() != "wal") {
      const FileLock lock = FileLock::wait(file.string() + ".lock");
      handle.exec("PRAGMA journal_mode = WAL");
    }
    migrate(handle, file);
  }
};

std::vector<std::string> Registry::tables() {
  SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const char* migration : kMigrations) fresh.exec(migration);
  std::vector<std::string> names;
  SQLite::Statement query(fresh, "SELECT name FROM sqlite_schema WHERE name <> 'identity'");
  while (query.executeStep()) names.push_back(query.getColumn(0).getString());
  return names;
}

int Registry::schema_version() { return static_cast<int>(kMigrations.size()); }

Registry::Registry(const std::filesystem::path& file) : ballast_(file.string() + kBallast) {
  as_errors(fmt::format("open '{}'", file.string()), [this, &file] {
    std::error_code missing;
    if (std::filesystem::file_size(file, missing) > 0 && !missing) {
      // Read-only: even closing a connection that may write could change a newer version's file.
      SQLite::Database look(file.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs);
      refuse_newer(look, file);
    }
    database_ = std::make_unique<Database>(file);
  });
  const auto id = get("identity", "registry");
  if (!id) {
    throw failed_precondition(reason::kRegistryDamaged,
                              "registry '{}' has lost its own id: move the file away to start with "
                              "an empty one",
                              file.string());
  }
  id_ = *id;
}

Registry::~Registry() = default;

int& Registry::Urgent::depth() {
  thread_local int depth = 0;
  return depth;
}

template <class Action>
auto Registry::write(std::string_view attempt, const Action& action) {
  const std::lock_guard lock(mutex_);
  try {
    return as_errors(attempt, action);
  } catch (const Error& error) {
    if (error.reason() != reason::kDiskFull || !Urgent::here() || !ballast_.give_up()) throw;
  }
  return as_errors(attempt, action);
}

Error unreadable_row(std::string_view table, const std::string& id, const std::string& why) {
  return failed_precondition(
      reason::kRecordUnreadable,
      "row '{}' of the registry's table '{}' cannot be read ({}): `pyro doctor --repair` restores "
      "what it can",
      id, table, why);
}

void Registry::met_unreadable(std::string_view table, const std::string& id,
                              const std::string& why) const {
  const std::lock_guard lock(unreadable_mutex_);
  if (!unreadable_.emplace(std::pair(std::string(table), id), why).second) return;
  log::error("row '{}' of the registry's table '{}' is passed over: {}", id, table, why);
}

std::vector<api::UnreadableRow> Registry::unreadable() const {
  const std::lock_guard lock(unreadable_mutex_);
  std::vector<api::UnreadableRow> rows;
  for (const auto& [row, why] : unreadable_) rows.push_back({row.first, row.second, why});
  return rows;
}

std::vector<api::UnreadableRow> Registry::drop_unreadable(
    std::initializer_list<std::string_view> to_keep) {
  for (const auto& [table, id, why] : unreadable()) {
    if (std::find(to_keep.begin(), to_keep.end(), table) != to_keep.end()) continue;
    log::warn("row '{}' of the registry's table '{}' is removed: {}", id, table,
              get(table, id).value_or(""));
    erase(table, id);
  }
  return unreadable();
}

/// Of the ids [from, to) of a table.
void Registry::forget_unreadable(std::string_view table, const std::string& from,
                                 const std::string& to) {
  const std::lock_guard lock(unreadable_mutex_);
  unreadable_.erase(unreadable_.lower_bound({std::string(table), from}),
                    unreadable_.lower_bound({std::string(table), to}));
}

bool Registry::contains(std::string_view table, const std::string& id) const {
  return get(table, id).has_value();
}

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
  write("write", [&] {
    SQLite::Statement query(database_->handle,
                            fmt::format("INSERT INTO {} (id, record) VALUES (?, ?) "
                                        "ON CONFLICT (id) DO UPDATE SET record = excluded.record",
                                        table));
    query.bind(1, id);
    query.bind(2, record);
    query.exec();
    database_->wal.committed();
  });
  forget_unreadable(table, id, id + '\0');
}

bool Registry::erase(std::string_view table, const std::string& id) {
  forget_unreadable(table, id, id + '\0');
  const bool erased = write("delete", [&] {
    SQLite::Statement query(database_->handle, fmt::format("DELETE FROM {} WHERE id = ?", table));
    query.bind(1, id);
    const bool found = query.exec() > 0;
    database_->wal.committed();
    return found;
  });
  ballast_.keep();
  return erased;
}

Registry::Rows Registry::all(std::string_view table) const {
  const std::lock_guard lock(mutex_);
  return as_errors("read", [&] {
    Rows rows;
    SQLite::Statement query(database_->handle,
                            fmt::format("SELECT id, record FROM {} ORDER BY id", table));
    while (query.executeStep()) {
      rows.emplace_back(query.getColumn(0).getString(), query.getColumn(1).getString());
    }
    return rows;
  });
}

Registry::Rows Registry::last_below(std::string_view table, const std::string& prefix,
                                    std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  return as_errors("read", [&] {
    Rows rows;
    SQLite::Statement query(database_->handle,
                            fmt::format("SELECT id, record FROM {} WHERE id >= ? AND id < ? "
                                        "ORDER BY id DESC LIMIT ?",
                                        table));
    query.bind(1, prefix);
    query.bind(2, end_of(prefix));
    query.bind(3, limit);
    while (query.executeStep()) {
      rows.emplace_back(query.getColumn(0).getString(), query.getColumn(1).getString());
    }
    return rows;
  });
}

std::uint64_t Registry::count_below(std::string_view table, const std::string& prefix) const {
  const std::lock_guard lock(mutex_);
  return as_errors("read", [&] {
    SQLite::Statement query(database_->handle,
                            fmt::format("SELECT COUNT(*) FROM {} WHERE id >= ? AND id < ?", table));
    query.bind(1, prefix);
    query.bind(2, end_of(prefix));
    query.executeStep();
    return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
  });
}

void Registry::erase_below(std::string_view table, const std::string& prefix) {
  forget_unreadable(table, prefix, end_of(prefix));
  write("delete", [&] {
    SQLite::Statement query(database_->handle,
                            fmt::format("DELETE FROM {} WHERE id >= ? AND id < ?", table));
    query.bind(1, prefix);
    query.bind(2, end_of(prefix));
    query.exec();
    database_->wal.committed();
  });
}

}  // namespace pyro
