#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/work/work.h"
#include "host-helpers/hosts/report.h"
#include "host-helpers/hosts/settings_text.h"

/// The chat hosts on this machine: where each keeps its MCP servers, and what it makes of them.
namespace pyro::hosts {

/// The name under which every host knows the server.
inline constexpr std::string_view kServerName = "pyro";

/// Where a command of `pyro host` works.
struct Surroundings {
  std::filesystem::path home;
  /// In which a host would be started.
  std::filesystem::path directory;
  std::function<std::optional<std::string>(const std::string&)> variable;
  /// Finds a program on PATH.
  std::function<std::optional<std::filesystem::path>(const std::string&)> program;
  Work work;
};

/// Those of this process.
Surroundings surroundings_here(const Work& work);

/// How a server is started.
struct Entry {
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;

  std::vector<std::string> words() const;
};

/// A place in a host's files where an entry for pyro may be, and what is there.
struct Place {
  std::string scope;
  std::filesystem::path file;
  SettingPath path;
  /// The user's own, which `pyro host` may change without being told the file.
  bool owned = false;
  /// For a new entry where no file is there.
  bool preferred = false;
  /// Why the host passes it over.
  std::optional<std::string> not_read = {};
  /// Its text, where it is no file.
  std::optional<std::string> text = {};

  // read_places sets the rest.

  /// Why the file cannot be read.
  std::optional<std::string> problem = {};
  std::optional<api::Json> entry = {};
};

/// One difference between an entry and the canonical one.
struct Difference {
  SettingPath key;                  ///< below the entry
  std::optional<api::Json> wanted;  ///< nullopt: it must not be there
  std::string sentence;
};

/// A setting that takes a host's own tools away in a project.
struct ToolSetting {
  SettingPath path;
  api::Json value;
  bool element = false;  ///< `value` is one of a list
};

/// What changes a host's entry.
struct Wish {
  Entry entry;
  std::optional<std::filesystem::path> config_path = {};
  /// A file that cannot be parsed is set aside.
  bool set_aside_broken = false;
};

class ChatHost {
 public:
  ChatHost() = default;
  ChatHost(const ChatHost&) = delete;
  ChatHost& operator=(const ChatHost&) = delete;
  virtual ~ChatHost() = default;

  virtual HostName name() const = 0;
  virtual std::string_view title() const = 0;
  virtual std::string program() const = 0;
  virtual Syntax syntax() const = 0;
  /// All places, those that count least first. `config_path` is the only file, if given.
  virtual std::vector<Place> places(
      const Surroundings& here, const std::optional<std::filesystem::path>& config_path) const = 0;
  /// Entries of several places are one, key by key; otherwise the last one counts.
  virtual bool merges() const { return false; }
  /// The canonical entry, as the host has it.
  virtual api::Json canonical(const Entry& entry) const = 0;
  /// The command in an entry of the host, as far as it has one.
  virtual Entry entry_of(const api::Json& found) const = 0;
  /// Its key for environment variables.
  virtual std::string environment_key() const = 0;
  /// Whether a value of the user's keeps the server from working: the sentence says how.
  virtual std::optional<std::string> hinders(const std::string& key,
                                             const api::Json& value) const = 0;
  /// What the host would expand in a word, as `${`.
  virtual std::vector<std::string> expansions() const { return {}; }
  virtual std::string verification_command() const = 0;
  /// Variables that the host leaves its servers; nullopt: all.
  virtual std::optional<std::vector<std::string>> passed_variables(const api::Json& found) const;

  /// Leaves one canonical entry in the user's own files.
  virtual HostChange put(const Wish& wish, const Surroundings& here) const;
  /// Leaves none there.
  virtual HostChange take_out(const std::optional<std::filesystem::path>& config_path,
                              const Surroundings& here) const;

  /// The file of a project that denies the host its own tools, and the settings in it.
  virtual std::filesystem::path tools_file(const std::filesystem::path& project) const = 0;
  virtual std::vector<ToolSetting> tool_settings() const = 0;
  /// The files in which such settings count, those that count least first, and what is said of a
  /// project's file that does not count.
  virtual std::vector<Place> tools_places(const Surroundings& here,
                                          const std::filesystem::path& project) const = 0;

 protected:
  /// Checks the file that was written: throws what the host says against it.
  virtual void verify(const std::filesystem::path& file, const Surroundings& here) const;
};

const ChatHost& chat_host(HostName name);

/// The command of an entry with the keys `command` and `args`.
Entry entry_of_words(const api::Json& found, const std::string& environment_key);
std::map<std::string, std::string> variables_of(const api::Json& found, const std::string& key);

/// Reads what is in each place.
void read_places(Syntax syntax, std::vector<Place>& places);

/// The entry that counts; nullopt: there is none.
std::optional<api::Json> entry_in_force(const ChatHost& host, const std::vector<Place>& places);

/// How `found` differs from the canonical entry. Keys of the user's that do no harm, and longer
/// timeouts, are no differences.
std::vector<Difference> differences(const ChatHost& host, const api::Json& found,
                                    const Entry& wanted);

/// kInvalidArgument: the host would expand a word of the entry, or it is not UTF-8.
void require_literal(const ChatHost& host, const Entry& entry);

/// not_installed: the host's program is not on PATH.
std::filesystem::path require_installed(const ChatHost& host, const Surroundings& here);

/// The work tree of Git around a directory, or the directory itself.
std::filesystem::path project_of(const std::filesystem::path& directory);

/// The directory and those above it, up to its project, the outermost first.
std::vector<std::filesystem::path> directories_to(const std::filesystem::path& project,
                                                  const std::filesystem::path& directory);

}  // namespace pyro::hosts
