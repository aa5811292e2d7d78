// The setting custody.context behind the context: who may write it, and what is told of a change.
#pragma once

#include "extension/tenant/context.hpp"

namespace custody::tenant {

/// While one lives, the setting takes a value. Nothing but the server's call that sets it runs
/// then.
class SettingDoor {
  public:
    SettingDoor() noexcept;
    ~SettingDoor();
    SettingDoor(const SettingDoor &) = delete;
    SettingDoor &operator=(const SettingDoor &) = delete;
};

/// What is set, a context that was left included; nullptr where nothing is.
const Context *setting() noexcept;

/// True when this transaction had a context that RESET or the like took away.
bool was_dropped() noexcept;

} // namespace custody::tenant
