#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/adoption.h"
#include "common/api/json_codec.h"
#include "common/registry/ballast.h"
#include "common/registry/recovery.h"

namespace pyro {

/// The suite's shared SQLite file. Each table has one writing service; a row is an id and a
/// record, the JSON of one described struct. Thread-safe. Opening migrates it to this version's
/// schema; refuses a file of a newer version and leaves it unchanged.
class Registry {
 public:
  explicit Registry(const std::filesystem::path& file);
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  /// This program's schema version.
  static int schema_version();
  /// Its tables, without that of the file's own id.
  static std::vector<std::string> tables();
  /// Ends the name of a file beside the registry's: who has that open holds a shared flock(2) on
  /// it.
  static constexpr const char* kInUse = kRegistryInUse;
  /// The same, of its ballast.
  static constexpr const char* kBallast = "-ballast";

  /// 32 hex digits, made with the file: another file in its place has another one.
  const std::string& id() const { return id_; }

  /// While one lives on a thread, its writes on a full disk give up the ballast: of what frees
  /// space, or ends something.
  class Urgent {
   public:
    Urgent() { ++depth(); }
    Urgent(const Urgent&) = delete;
    Urgent& operator=(const Urgent&) = delete;
    ~Urgent() { --depth(); }
    static bool here() { return depth() > 0; }

   private:
    static int& depth();
  };

  std::optional<std::string> get(std::string_view table, const std::string& id) const;
  void put(std::string_view table, const std::string& id, const std::string& record);
  /// False: no such row.
  bool erase(std::string_view table, const std::string& id);
  bool contains(std::string_view table, const std::string& id) const;
  /// Ids and records, sorted by id.
  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows all(std::string_view table) const;

  /// Rows whose ids begin with `prefix`, which ends in '/'; the greatest ids first.
  Rows last_below(std::string_view table, const std::string& prefix, std::uint32_t limit) const;
  std::uint64_t count_below(std::string_view table, const std::string& prefix) const;
  void erase_below(std::string_view table, const std::string& prefix);

  /// The rows that were met so far and are no records of their tables, sorted.
  std::vector<api::UnreadableRow> unreadable() const;
  /// The same, after removing those that are in none of the tables `to_keep`.
  std::vector<api::UnreadableRow> drop_unreadable(std::initializer_list<std::string_view> to_keep);
  /// For RecordTable. The first time goes to the log.
  void met_unreadable(std::string_view table, const std::string& id, const std::string& why) const;

 private:
  /// Runs a writing `action`, a second time without the ballast if need be.
  template <class Action>
  auto write(std::string_view attempt, const Action& action);
  void forget_unreadable(std::string_view table, const std::string& from, const std::string& to);

  struct Database;
  mutable std::mutex mutex_;
  std::unique_ptr<Database> database_;
  std::string id_;
  Ballast ballast_;
  mutable std::mutex unreadable_mutex_;
  mutable std::map<std::pair<std::string, std::string>, std::string> unreadable_;
};

/// failed_precondition (record_unreadable), with the way out.
Error unreadable_row(std::string_view table, const std::string& id, const std::string& why);

/// One table of the registry as records of type T. Lists pass over rows that cannot be read; what
/// decides whether something is garbage asks for ids.
template <api::Message T>
class RecordTable {
 public:
  RecordTable(Registry& registry, std::string table)
      : registry_(registry), table_(std::move(table)) {}

  /// failed_precondition (record_unreadable): the row cannot be read.
  std::optional<T> get(const std::string& id) const {
    const auto text = registry_.get(table_, id);
    if (!text) return std::nullopt;
    std::string why;
    if (auto record = decode(id, *text, &why)) return record;
    throw unreadable_row(table_, id, why);
  }
  /// nullopt also for a row that cannot be read.
  std::optional<T> find_readable(const std::string& id) const {
    const auto text = registry_.get(table_, id);
    return text ? decode(id, *text) : std::nullopt;
  }
  bool contains(const std::string& id) const { return registry_.contains(table_, id); }
  void put(const std::string& id, const T& record) {
    registry_.put(table_, id, api::to_json_text(record));
  }
  bool erase(const std::string& id) { return registry_.erase(table_, id); }
  /// Removes the rows that `matches` accepts.
  template <class Matches>
  void erase_if(const Matches& matches) {
    for (const auto& [id, text] : registry_.all(table_)) {
      const auto record = decode(id, text);
      if (record && matches(*record)) registry_.erase(table_, id);
    }
  }
  std::vector<T> all() const { return decode(registry_.all(table_)); }
  /// Of every row, read or not.
  std::vector<std::string> ids() const { return ids_of(registry_.all(table_)); }

  /// The rows with the greatest ids that begin with `prefix`, which ends in '/'; the greatest
  /// first.
  std::vector<T> last_below(const std::string& prefix, std::uint32_t limit = kAllRows) const {
    return decode(registry_.last_below(table_, prefix, limit));
  }
  /// Their ids, of every row, read or not.
  std::vector<std::string> last_ids_below(const std::string& prefix,
                                          std::uint32_t limit = kAllRows) const {
    return ids_of(registry_.last_below(table_, prefix, limit));
  }
  /// The records among rows whose text contains `part`: skips decoding the others, which is slow
  /// for thousands.
  std::vector<T> last_below_with(const std::string& prefix, std::string_view part) const {
    Registry::Rows rows = registry_.last_below(table_, prefix, kAllRows);
    std::erase_if(rows,
                  [part](const auto& row) { return row.second.find(part) == std::string::npos; });
    return decode(rows);
  }
  std::uint64_t count_below(const std::string& prefix) const {
    return registry_.count_below(table_, prefix);
  }
  void erase_below(const std::string& prefix) { registry_.erase_below(table_, prefix); }
  static constexpr std::uint32_t kAllRows = 0x7fffffff;

 private:
  std::optional<T> decode(const std::string& id, const std::string& text,
                          std::string* why = nullptr) const {
    try {
      return api::from_json_text<T>(text, api::UnknownFields::kIgnore, "its record");
    } catch (const Error& error) {
      registry_.met_unreadable(table_, id, error.message());
      if (why) *why = error.message();
      return std::nullopt;
    }
  }
  std::vector<T> decode(const Registry::Rows& rows) const {
    std::vector<T> records;
    for (const auto& [id, text] : rows) {
      if (auto record = decode(id, text)) records.push_back(std::move(*record));
    }
    return records;
  }
  static std::vector<std::string> ids_of(Registry::Rows rows) {
    std::vector<std::string> ids;
    for (auto& row : rows) ids.push_back(std::move(row.first));
    return ids;
  }

  Registry& registry_;
  std::string table_;
};

}  // namespace pyro
