#include "common/registry/recovery.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/core.h>
#include <sqlite3.h>

#include <ctime>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/registry/registry.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& file, std::string_view ending) {
  return fs::path(file.string() + std::string(ending));
}

/// nullopt: it is whole.
std::optional<std::string> damage_of(const fs::path& file) {
  try {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
    const std::string said = database.execAndGet("PRAGMA integrity_check(1)").getString();
    if (said == "ok") return std::nullopt;
    return said;
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode();
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return error.what();
    throw internal_error("registry '{}' cannot be checked: {}", file.string(), error.what());
  }
}

/// Copies the rows of one table. A damaged page ends a scan; what lies behind it is found from the
/// other end, and what lies between two damaged pages by looking up ids in between.
class TableSalvage {
 public:
  TableSalvage(SQLite::Database& from, Registry& to, std::string table)
      : from_(from), to_(to), table_(std::move(table)) {}

  std::uint64_t run() {
    between("", std::string(kMostBytesOfId, '\x7f'), 0);
    return count_;
  }

 private:
  static constexpr std::size_t kMostBytesOfId = 64;
  /// A range that gave nothing in so many halvings is one damage. 2^12 scans take well below a
  /// second.
  static constexpr int kMostBarrenHalvings = 12;

  /// The ids between both, neither included.
  void between(std::string low, std::string high, int barren) {
    const std::uint64_t before = count_;
    if (scan(low, high, Order::kUp, low) || scan(low, high, Order::kDown, high)) return;
    barren = count_ == before ? barren + 1 : 0;
    const std::string middle = halfway(low, high);
    if (barren > kMostBarrenHalvings || middle <= low || middle >= high) return;
    between(low, middle, barren);
    between(middle, high, barren);
  }

  /// Copies from one end until a damage; `reached` becomes the last id. False: there may be more.
  enum class Order { kUp, kDown };
  bool scan(const std::string& low, const std::string& high, Order order, std::string& reached) {
    try {
      SQLite::Statement query(
          from_, fmt::format("SELECT id, record FROM {} WHERE id > ? AND id < ? ORDER BY id {}",
                             table_, order == Order::kUp ? "ASC" : "DESC"));
      query.bind(1, low);
      query.bind(2, high);
      while (query.executeStep()) {
        const std::string id = query.getColumn(0).getString();
        to_.put(table_, id, query.getColumn(1).getString());
        ++count_;
        reached = id;
      }
      return true;
    } catch (const SQLite::Exception&) {
      return false;
    }
  }

  /// A text in the middle of both, by their bytes as a number.
  static std::string halfway(const std::string& low, const std::string& high) {
    std::string middle;
    unsigned carry = 0;
    const auto byte_of = [](const std::string& text, std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) & 0x7fU : 0U;
    };
    std::vector<unsigned> sum(kMostBytesOfId + 1);
    for (std::size_t at = kMostBytesOfId; at-- > 0;) {
      const unsigned total = byte_of(low, at) + byte_of(high, at) + carry;
      sum[at] = total & 0x7fU;
      carry = total >> 7U;
    }
    for (std::size_t at = 0; at < kMostBytesOfId; ++at) {
      const unsigned total = (carry << 7U) + sum[at];
      middle += static_cast<char>(total / 2);
      carry = total % 2;
    }
    return middle;
  }

  SQLite::Database& from_;
  Registry& to_;
  std::string table_;
  std::uint64_t count_ = 0;
};

void salvage(const fs::path& damaged, const fs::path& into) {
  Registry registry(into);
  try {
    SQLite::Database from(damaged.string(), SQLite::OPEN_READWRITE);
    for (const auto& table : Registry::tables()) {
      const std::uint64_t rows = TableSalvage(from, registry, table).run();
      log::warn("{} rows of the registry's table '{}' were recovered", rows, table);
    }
  } catch (const SQLite::Exception& error) {
    log::warn("nothing of the damaged registry can be read: {}", error.what());
  }
}

/// Only complete files have that name.
fs::path recovered(const fs::path& file) { return beside(file, ".recovered"); }

void put_in_place(const fs::path& file) {
  fs::remove(beside(file, "-wal"));
  fs::remove(beside(file, "-shm"));
  fault::point("registry.recover.log_gone");
  fs::rename(recovered(file), file);
  sync_path(file.parent_path());
}

fs::path set_aside(const fs::path& file) {
  const fs::path copy =
      file.parent_path() /
      fmt::format("{}{}", kDamagedRegistry, static_cast<std::int64_t>(now_epoch_seconds()));
  fs::copy_file(file, copy, fs::copy_options::overwrite_existing);
  const fs::path log = beside(file, "-wal");
  if (fs::exists(log)) {
    fs::copy_file(log, beside(copy, "-wal"), fs::copy_options::overwrite_existing);
  }
  return copy;
}

}  // namespace

std::optional<fs::path> recover_registry(const fs::path& file) {
  const FileLock lock = FileLock::attempt(beside(file, Registry::kInUse));
  if (!lock.held()) return std::nullopt;
  if (fs::exists(recovered(file))) put_in_place(file);
  if (!fs::exists(file)) return std::nullopt;
  const auto damage = damage_of(file);
  if (!damage) return std::nullopt;
  log::error("the registry is damaged and is recovered: {}", *damage);
  const fs::path copy = set_aside(file);
  fault::point("registry.recover.set_aside");
  const fs::path making = beside(file, ".recovering");
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(beside(making, ending));
  salvage(file, making);
  for (const char* ending : {Registry::kInUse, Registry::kBallast, ".lock"}) {
    fs::remove(beside(making, ending));
  }
  sync_path(making);
  fault::point("registry.recover.salvaged");
  fs::rename(making, recovered(file));
  sync_path(file.parent_path());
  fault::point("registry.recover.complete");
  put_in_place(file);
  return copy;
}

}  // namespace pyro
