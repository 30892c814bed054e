#include "gateway/cli/commands/mcp/server_flags.h"

#include <string>
#include <utility>

#include "gateway/cli/commands/workspace/host_path.h"

namespace pyro::cli {
namespace {

/// An option that takes one of E's names and gives it to `set`.
template <class E, class Set>
Option& add_choice(CliCommand& command, std::string name, std::string help, const Set& set) {
  Option option{.name = std::move(name), .help = std::move(help)};
  for (const auto& [value, choice] : enum_names(E{})) option.choices.emplace_back(choice);
  return command.add(std::move(option), [set](const std::string& text) {
    for (const auto& [value, choice] : enum_names(E{})) {
      if (choice == text) set(value);
    }
  });
}

}  // namespace

void add_server_flags(CliCommand& command, ServerOptions& options) {
  Option& mode =
      add_choice<ServerMode>(command, "--mode", "Tools and instructions for one kind of work",
                             [&options](ServerMode value) { options.mode = value; });
  Option& profile =
      add_choice<ServerProfile>(command, "--profile", "Set of tools; default workspace-core",
                                [&options](ServerProfile value) { options.profile = value; });
  exclude_each_other(mode, profile);
  command.add({.name = "--environment",
               .help = "Environment when the model names none; default debian:12",
               .value_name = "ENV"},
              options.environment);
  Option& project = command.add({.name = "--project-path",
                                 .help = "Project directory; inside a Git work tree, its root",
                                 .value_name = "DIR"},
                                options.project_path);
  Option& url = command.add({.name = "--repo-url",
                             .help = "Repository; workspaces begin with a clean clone",
                             .value_name = "URL"},
                            options.repo_url);
  Option& ref = command.add({.name = "--repo-ref",
                             .help = "Branch, tag or commit to clone; default the remote HEAD",
                             .value_name = "REF"},
                            options.repo_ref);
  Option& none = command.add_flag("--no-project-source",
                                  "Workspaces begin empty unless the model names a seed_path",
                                  options.no_project_source);
  ref.needs = &url;
  exclude_each_other(project, url);
  exclude_each_other(project, none);
  exclude_each_other(url, none);
  Option& ignored = command.add(
      {.name = "--include-ignored",
       .help = "Ignored files that workspaces begin with as well, as a pattern of .gitignore "
               "(node_modules, .venv); repeatable",
       .value_name = "PATTERN"},
      [&options](const std::string& pattern) { options.include_ignored.push_back(pattern); });
  ignored.repeatable = true;
  Option& allowed =
      command.add({.name = "--allow-path",
                   .help = "Host directory below which the model may name paths; repeatable",
                   .value_name = "DIR"},
                  [&options](const std::string& path) { options.allow_paths.emplace_back(path); });
  allowed.repeatable = true;
  add_choice<api::NetworkPolicy>(
      command, "--network-policy", "What workspaces may reach; default off",
      [&options](api::NetworkPolicy value) { options.network_policy = value; });
  command.add({.name = "--allow-domain",
               .help = "A name that workspaces may reach, and with it no others but those named; "
                       "repeatable",
               .value_name = "NAME[:PORT]"},
              options.allow_domains);
  command.add({.name = "--allow-preset",
               .help = "A list of such names, as npm, pypi or github; repeatable",
               .value_name = "NAME"},
              options.allow_presets);
  command.add_flag("--host-ca",
                   "Let guests with a network trust the certificates that this host trusts, also "
                   "those of a proxy that reads TLS",
                   options.host_ca);
  command.add_choice_flags("package-cache",
                           "Whether their package managers use the host's package cache; default: "
                           "where the policy allows the registries",
                           options.package_cache);
  Option& handed_over =
      command.add({.name = "--workspace",
                   .help = "Workspace of another project that the model may use too; repeatable",
                   .value_name = "ID"},
                  [&options](const std::string& id) { options.workspaces.push_back(id); });
  handed_over.repeatable = true;
  Option& all = command.add_flag("--all-workspaces",
                                 "Let the model use all workspaces, not only its project's",
                                 options.all_workspaces);
  exclude_each_other(handed_over, all);
  command.add_flag("--allow-host-compat",
                   "Let the model opt into running on the host, without a guest's isolation, when "
                   "no guest can be booted",
                   options.allow_host_compat);
}

std::vector<std::string> given_words(const CliCommand& command, const std::list<Option>& options) {
  std::vector<std::string> words;
  for (const auto& option : options) {
    const Option* given = command.find_option_upwards(option.name);
    if (given == nullptr || given->count == 0 || given->kind == Option::Kind::kHelp) continue;
    if (given->kind == Option::Kind::kFlag) {
      if (given->flag == nullptr || *given->flag) words.push_back(option.name);
      continue;
    }
    for (std::string value : given->values) {
      const bool is_path = option.value_name == "DIR" || option.value_name == "FILE";
      if (is_path) value = absolute_host_path(option.name, value);
      if (value.empty() || value.starts_with('-')) {
        words.push_back(option.name + "=" + value);
      } else {
        words.insert(words.end(), {option.name, value});
      }
    }
  }
  return words;
}

std::vector<std::string> server_words(const CliCommand& command) {
  CliCommand flags("serve", "");
  ServerOptions unused;
  add_server_flags(flags, unused);
  return given_words(command, flags.options);
}

}  // namespace pyro::cli
