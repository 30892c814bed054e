#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

#include "common/base/files.h"
#include "host-helpers/hosts/chat_host.h"
#include "tests/support/temporary.h"

namespace pyro::hosts {

/// A home, a project in it, and programs of the test's own in the place of the hosts'.
class ScratchHome {
 public:
  ScratchHome() {
    std::filesystem::create_directories(project() / ".git");
    std::filesystem::create_directories(directory_ / "bin");
  }

  std::filesystem::path home() const { return directory_.path(); }
  std::filesystem::path project() const { return directory_ / "src/project"; }
  std::filesystem::path operator/(std::string_view name) const { return directory_ / name; }

  void write(const std::string& name, const std::string& text) const {
    const auto file = directory_ / name;
    std::filesystem::create_directories(file.parent_path());
    write_file_atomically(file, text);
  }
  std::string read(const std::string& name) const { return read_file(directory_ / name); }
  bool has(const std::string& name) const { return std::filesystem::exists(directory_ / name); }

  /// A program of that name, as a script.
  void install(const std::string& name, const std::string& script) const {
    write("bin/" + name, script);
    ::chmod((directory_ / ("bin/" + name)).c_str(), 0755);
  }

  Surroundings here() const {
    return {.home = home(),
            .directory = project(),
            .variable = [this](const std::string& name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            .program = [this](const std::string& name) -> std::optional<std::filesystem::path> {
              if (!has("bin/" + name)) return std::nullopt;
              return directory_ / ("bin/" + name);
            },
            .work = {}};
  }

  std::map<std::string, std::string> variables;

 private:
  pyro::testing::TestDirectory directory_;
};

inline const Entry kServe{.command = "/opt/a b/pyro", .args = {"mcp", "serve"}, .environment = {}};

}  // namespace pyro::hosts
