#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/json_codec.h"

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

  /// 32 hex digits, made with the file: another file in its place has another one.
  const std::string& id() const { return id_; }

  std::optional<std::string> get(std::string_view table, const std::string& id) const;
  void put(std::string_view table, const std::string& id, const std::string& record);
  /// False: no such row.
  bool erase(std::string_view table, const std::string& id);
  /// Ids and records, sorted by id.
  using Rows = std::vector<std::pair<std::string, std::string>>;
  Rows all(std::string_view table) const;

  /// Rows whose ids begin with `prefix`, which ends in '/'; the greatest ids first.
  Rows last_below(std::string_view table, const std::string& prefix, std::uint32_t limit) const;
  std::uint64_t count_below(std::string_view table, const std::string& prefix) const;
  void erase_below(std::string_view table, const std::string& prefix);

 private:
  struct Database;
  mutable std::mutex mutex_;
  std::unique_ptr<Database> database_;
  std::string id_;
};

/// One table of the registry as records of type T.
template <api::Message T>
class RecordTable {
 public:
  RecordTable(Registry& registry, std::string table)
      : registry_(registry), table_(std::move(table)) {}

  std::optional<T> get(const std::string& id) const {
    const auto text = registry_.get(table_, id);
    if (!text) return std::nullopt;
    return decode(id, *text);
  }
  void put(const std::string& id, const T& record) {
    registry_.put(table_, id, api::to_json_text(record));
  }
  bool erase(const std::string& id) { return registry_.erase(table_, id); }
  /// Removes the rows that `matches` accepts.
  template <class Matches>
  void erase_if(const Matches& matches) {
    for (const auto& [id, text] : registry_.all(table_)) {
      if (matches(decode(id, text))) registry_.erase(table_, id);
    }
  }
  std::vector<T> all() const {
    std::vector<T> records;
    for (const auto& [id, text] : registry_.all(table_)) records.push_back(decode(id, text));
    return records;
  }

  /// The rows with the greatest ids that begin with `prefix`, which ends in '/'; the greatest
  /// first.
  std::vector<T> last_below(const std::string& prefix, std::uint32_t limit = kAllRows) const {
    std::vector<T> records;
    for (const auto& [id, text] : registry_.last_below(table_, prefix, limit)) {
      records.push_back(decode(id, text));
    }
    return records;
  }
  /// The same among rows whose text contains `part`: skips decoding the others, which is slow for
  /// thousands.
  std::vector<T> last_below_with(const std::string& prefix, std::string_view part) const {
    std::vector<T> records;
    for (const auto& [id, text] : registry_.last_below(table_, prefix, kAllRows)) {
      if (text.find(part) != std::string::npos) records.push_back(decode(id, text));
    }
    return records;
  }
  std::uint64_t count_below(const std::string& prefix) const {
    return registry_.count_below(table_, prefix);
  }
  void erase_below(const std::string& prefix) { registry_.erase_below(table_, prefix); }
  static constexpr std::uint32_t kAllRows = 0x7fffffff;

 private:
  T decode(const std::string& id, const std::string& text) const {
    return api::from_json_text<T>(text, api::UnknownFields::kIgnore,
                                  fmt::format("registry table '{}', row '{}'", table_, id));
  }
  Registry& registry_;
  std::string table_;
};

}  // namespace pyro
