#pragma once

#include "host-helpers/hosts/chat_host.h"

namespace pyro::hosts {

class OpenCode : public ChatHost {
 public:
  HostName name() const override;
  std::string_view title() const override;
  std::string program() const override;
  Syntax syntax() const override;
  std::vector<Place> places(const Surroundings& here,
                            const std::optional<std::filesystem::path>& config_path) const override;
  api::Json canonical(const Entry& entry) const override;
  Entry entry_of(const api::Json& found) const override;
  std::string environment_key() const override;
  std::optional<std::string> hinders(const std::string& key, const api::Json& value) const override;
  std::string verification_command() const override;
  std::filesystem::path tools_file(const std::filesystem::path& project) const override;
  std::vector<ToolSetting> tool_settings() const override;
  std::vector<Place> tools_places(const Surroundings& here,
                                  const std::filesystem::path& project) const override;
  bool merges() const override { return true; }
  std::vector<std::string> expansions() const override;
};

}  // namespace pyro::hosts
