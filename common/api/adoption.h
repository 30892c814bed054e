#pragma once

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
  bool adoptable = false;
  std::string why;

  template <class Fields>
  static void describe(Fields& f) {
    f("id", &StrayDirectory::id, "Its name.");
    f("directory", &StrayDirectory::directory, "Where it is.");
    f("adoptable", &StrayDirectory::adoptable, "Whether its record can be made anew.");
    f("why", &StrayDirectory::why, "Why it cannot, or has none.");
  }
};

struct Adoption {
  std::vector<std::string> adopted;
  std::vector<StrayDirectory> strays;

  template <class Fields>
  static void describe(Fields& f) {
    f("adopted", &Adoption::adopted, "Ids that have a record again.");
    f("strays", &Adoption::strays, "Directories that still have none.");
  }
};

template <class Request, class Fields>
void describe_adoption(Fields& f) {
  f("dry_run", &Request::dry_run, "Only tell of them.");
}

/// Makes the records of workspaces' machines anew, from what their directories say. Stopped.
struct AdoptMachines {
  static constexpr Method kMethod{"vm.adopt"};
  using Reply = Adoption;
  bool dry_run = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptMachines>(f);
  }
};

/// The same of workspaces with their snapshots; their machines come first. Their commands' history
/// is lost, and their time to live begins anew.
struct AdoptWorkspaces {
  static constexpr Method kMethod{"workspace.adopt"};
  using Reply = Adoption;
  bool dry_run = false;

  template <class Fields>
  static void describe(Fields& f) {
    describe_adoption<AdoptWorkspaces>(f);
  }
};

using MachineAdoptionApi = Api<AdoptMachines>;
using WorkspaceAdoptionApi = Api<AdoptWorkspaces>;

}  // namespace pyro::api
