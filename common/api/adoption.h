#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"

/// Operations on directories that the registry's file lost: a new file names none of them, and
/// nothing deletes them. Owners: vm service, workspace service.
namespace pyro::api {

/// A directory beside those of the registry that is left alone.
struct StrayDirectory {
  std::string id;
  std::string directory;
  std::optional<std::string> workspace_id;
  std::string why;

  template <class Fields>
  static void describe(Fields& f) {
    f("id", &StrayDirectory::id, "Its name.");
    f("directory", &StrayDirectory::directory, "Where it is.");
    f("workspace_id", &StrayDirectory::workspace_id,
      "The workspace that it says it is of, when it can be adopted.");
    f("why", &StrayDirectory::why, "Why no record names it.");
  }
};

struct Adoption {
  std::vector<std::string> adopted;
  std::vector<StrayDirectory> strays;

  template <class Fields>
  static void describe(Fields& f) {
    f("adopted", &Adoption::adopted, "Ids that have a record again.");
    f("strays", &Adoption::strays, "Directories that have none.");
  }
};

template <class Request, class Fields>
void describe_adoption(Fields& f) {
  f("workspace_ids", &Request::workspace_ids, "To adopt; none: it only tells of the strays.");
}

/// Restores the records of these workspaces' machines from what their directories say. They are
/// stopped then.
struct AdoptMachines {
  static constexpr Method kMethod{"vm.adopt"};
  using Reply = Adoption;
  std::vector<std::string> workspace_ids;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptMachines>(f);
  }
};

/// The same of the workspaces with their snapshots; their machines come first. The history of their
/// commands is lost, and their time to live starts over.
struct AdoptWorkspaces {
  static constexpr Method kMethod{"workspace.adopt"};
  using Reply = Adoption;
  std::vector<std::string> workspace_ids;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptWorkspaces>(f);
  }
};

using MachineAdoptionApi = Api<AdoptMachines>;
using WorkspaceAdoptionApi = Api<AdoptWorkspaces>;

}  // namespace pyro::api
