// Bluetooth addresses and constants. The kernel's structures and numbers stand here: its headers do not export them.
#include "modules/_socket/socket.h"

namespace typhon::net {
namespace {

enum Protocol : int { kL2cap = 0, kHci = 1, kSco = 2, kRfcomm = 3 };
constexpr u8 kBrEdr = 0;  // kind of an address: classic Bluetooth

struct Address {
  u8 bytes[6];  // last part first
} __attribute__((packed));
struct L2cap {
  sa_family_t family;
  u16 psm;  // little-endian, as all numbers here
  Address address;
  u16 cid;
  u8 kind;
};
struct Rfcomm {
  sa_family_t family;
  Address address;
  u8 channel;
};
struct Hci {
  sa_family_t family;
  u16 device, channel;
};
struct Sco {
  sa_family_t family;
  Address address;
};

Raised raise_format(Thread& t, const char* caller) { return raise(t, exc::OSError, "%s(): wrong format", caller); }

// "00:11:22:33:44:55"
Status parse_text(Thread& t, std::string_view text, Address* out) {
  u8 parts[6];
  size_t at = 0;
  bool good = true;
  for (int i = 0; i < 6 && good; i++) {
    u32 value = 0;
    int digits = 0;
    for (; at < text.size() && digits < 2; at++, digits++) {
      char c = text[at] | 0x20;
      if (c >= '0' && c <= '9')
        value = value * 16 + u32(c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value * 16 + u32(c - 'a' + 10);
      else
        break;
    }
    parts[i] = u8(value);
    good = digits > 0 && (i == 5 ? at == text.size() : at < text.size() && text[at] == ':');
    at++;
  }
  if (!good) return raise(t, exc::OSError, "bad bluetooth address");
  for (int i = 0; i < 6; i++) out->bytes[i] = parts[5 - i];
  return ok();
}
Status parse_value(Thread& t, Value v, Address* out, const char* caller) {
  if (!is_str(v) || !v.as<Str>()->is_ascii()) return raise_format(t, caller);
  return parse_text(t, v.as<Str>()->ascii(), out);
}
RefTo<Str> address_to_text(Thread& t, const Address& address) {
  char text[18];
  for (int i = 0; i < 6; i++) {
    u8 b = address.bytes[5 - i];
    text[3 * i] = "0123456789ABCDEF"[b >> 4];
    text[3 * i + 1] = "0123456789ABCDEF"[b & 15];
    text[3 * i + 2] = ':';
  }
  return str_from_ascii(t, {text, 17});
}
// A number of a tuple; a wrong one is a wrong format.
Result<u64> number(Thread& t, const Tuple* tuple, u64 i, u64 most, const char* caller) {
  if (i >= tuple->size) return u64(0);
  Value v = tuple->items[i].peek();
  u64 n;
  if (!is_int(v) || int_sign(v) < 0 || !int_fits_u64(v, &n) || n > most) return raise_format(t, caller);
  return n;
}
template <class T>
T* prepare(SocketAddress* out) {
  out->storage = {};
  out->size = sizeof(T);
  auto* address = reinterpret_cast<T*>(&out->storage);
  address->family = AF_BLUETOOTH;
  return address;
}
// The items of an address that must be a tuple of a certain length.
Result<Tuple*> items_of(Thread& t, Value v, u64 fewest, u64 most, const char* caller) {
  if (!is_tuple(v) || v.as<Tuple>()->size < fewest || v.as<Tuple>()->size > most) return raise_format(t, caller);
  return v.as<Tuple>();
}

}  // namespace

Status parse_bluetooth(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out) {
  switch (s->protocol) {
    case kL2cap: {
      Tuple* items = TRY(items_of(t, v, 2, 4, caller));
      auto* address = prepare<L2cap>(out);
      TRY(parse_value(t, items->items[0].peek(), &address->address, caller));
      address->psm = u16(TRY(number(t, items, 1, 0xFFFF, caller)));
      address->cid = u16(TRY(number(t, items, 2, 0xFFFF, caller)));
      address->kind = u8(TRY(number(t, items, 3, 0xFF, caller)));
      return ok();
    }
    case kRfcomm: {
      Tuple* items = TRY(items_of(t, v, 2, 2, caller));
      auto* address = prepare<Rfcomm>(out);
      TRY(parse_value(t, items->items[0].peek(), &address->address, caller));
      address->channel = u8(TRY(number(t, items, 1, 0xFF, caller)));
      return ok();
    }
    case kHci: {
      auto* address = prepare<Hci>(out);
      u64 device;
      if (is_int(v)) {
        if (int_sign(v) < 0 || !int_fits_u64(v, &device) || device > 0xFFFF) return raise_format(t, caller);
        address->device = u16(device);
        return ok();
      }
      Tuple* items = TRY(items_of(t, v, 1, 2, caller));
      address->device = u16(TRY(number(t, items, 0, 0xFFFF, caller)));
      address->channel = u16(TRY(number(t, items, 1, 0xFFFF, caller)));
      return ok();
    }
    case kSco: {
      auto* address = prepare<Sco>(out);
      if (is_bytes(v)) return parse_text(t, {reinterpret_cast<const char*>(v.as<Bytes>()->data), v.as<Bytes>()->size}, &address->address);
      return parse_value(t, v, &address->address, caller);
    }
    default: return raise(t, exc::OSError, "%s(): unknown Bluetooth protocol", caller);
  }
}

Ref make_bluetooth(Thread& t, const sockaddr* any, int protocol) {
  switch (protocol) {
    case kL2cap: {
      auto* address = reinterpret_cast<const L2cap*>(any);
      Ref text = TRY(address_to_text(t, address->address));
      if (address->kind != kBrEdr)
        return tuple_of(t, text, Value::small_int(address->psm), Value::small_int(address->cid), Value::small_int(address->kind));
      if (address->cid != 0) return tuple_of(t, text, Value::small_int(address->psm), Value::small_int(address->cid));
      return tuple_of(t, text, Value::small_int(address->psm));
    }
    case kRfcomm: {
      auto* address = reinterpret_cast<const Rfcomm*>(any);
      Ref text = TRY(address_to_text(t, address->address));
      return tuple_of(t, text, Value::small_int(address->channel));
    }
    case kHci: {
      auto* address = reinterpret_cast<const Hci*>(any);
      if (address->channel == 0) return int_from(t, address->device);
      return tuple_of(t, Value::small_int(address->device), Value::small_int(address->channel));
    }
    case kSco: return address_to_text(t, reinterpret_cast<const Sco*>(any)->address);
    default: return raise(t, exc::ValueError, "Unknown Bluetooth protocol");
  }
}

namespace {

constexpr struct {
  const char* name;
  i64 value;
} kRows[] = {
    {"BDADDR_BREDR", 0}, {"BDADDR_LE_PUBLIC", 1}, {"BDADDR_LE_RANDOM", 2}, {"BTPROTO_HCI", 1}, {"BTPROTO_L2CAP", 0},
    {"BTPROTO_RFCOMM", 3}, {"BTPROTO_SCO", 2}, {"BT_CHANNEL_POLICY", 10}, {"BT_CHANNEL_POLICY_BREDR_ONLY", 0},
    {"BT_CHANNEL_POLICY_BREDR_PREFERRED", 1}, {"BT_CODEC", 19}, {"BT_DEFER_SETUP", 7}, {"BT_FLUSHABLE", 8},
    {"BT_FLUSHABLE_OFF", 0}, {"BT_FLUSHABLE_ON", 1}, {"BT_ISO_QOS", 17}, {"BT_MODE", 15}, {"BT_MODE_BASIC", 0},
    {"BT_MODE_ERTM", 1}, {"BT_MODE_EXT_FLOWCTL", 4}, {"BT_MODE_LE_FLOWCTL", 3}, {"BT_MODE_STREAMING", 2}, {"BT_PHY",
    14}, {"BT_PHY_BR_1M_1SLOT", 1}, {"BT_PHY_BR_1M_3SLOT", 2}, {"BT_PHY_BR_1M_5SLOT", 4}, {"BT_PHY_EDR_2M_1SLOT", 8},
    {"BT_PHY_EDR_2M_3SLOT", 16}, {"BT_PHY_EDR_2M_5SLOT", 32}, {"BT_PHY_EDR_3M_1SLOT", 64}, {"BT_PHY_EDR_3M_3SLOT",
    128}, {"BT_PHY_EDR_3M_5SLOT", 256}, {"BT_PHY_LE_1M_RX", 1024}, {"BT_PHY_LE_1M_TX", 512}, {"BT_PHY_LE_2M_RX",
    4096}, {"BT_PHY_LE_2M_TX", 2048}, {"BT_PHY_LE_CODED_RX", 16384}, {"BT_PHY_LE_CODED_TX", 8192}, {"BT_PKT_STATUS",
    16}, {"BT_POWER", 9}, {"BT_POWER_FORCE_ACTIVE_OFF", 0}, {"BT_POWER_FORCE_ACTIVE_ON", 1}, {"BT_RCVMTU", 13},
    {"BT_SECURITY", 4}, {"BT_SECURITY_FIPS", 4}, {"BT_SECURITY_HIGH", 3}, {"BT_SECURITY_LOW", 1},
    {"BT_SECURITY_MEDIUM", 2}, {"BT_SECURITY_SDP", 0}, {"BT_SNDMTU", 12}, {"BT_VOICE", 11}, {"BT_VOICE_CVSD_16BIT",
    96}, {"BT_VOICE_TRANSPARENT", 3}, {"BT_VOICE_TRANSPARENT_16BIT", 99}, {"HCI_CHANNEL_CONTROL", 3},
    {"HCI_CHANNEL_LOGGING", 4}, {"HCI_CHANNEL_MONITOR", 2}, {"HCI_CHANNEL_RAW", 0}, {"HCI_CHANNEL_USER", 1},
    {"HCI_DATA_DIR", 1}, {"HCI_DEV_NONE", 65535}, {"HCI_FILTER", 2}, {"HCI_TIME_STAMP", 3}, {"L2CAP_LM", 3},
    {"L2CAP_LM_AUTH", 2}, {"L2CAP_LM_ENCRYPT", 4}, {"L2CAP_LM_MASTER", 1}, {"L2CAP_LM_RELIABLE", 16},
    {"L2CAP_LM_SECURE", 32}, {"L2CAP_LM_TRUSTED", 8}, {"SOL_HCI", 0}, {"SOL_L2CAP", 6}, {"SOL_RFCOMM", 18},
    {"SOL_SCO", 17},
};

}  // namespace

Status add_bluetooth_constants(Thread& t, Module* module) {
  for (const auto& row : kRows) TRY(module_add_int(t, module, row.name, row.value));
  TRY(module_add_str(t, module, "BDADDR_ANY", "00:00:00:00:00:00"));
  return module_add_str(t, module, "BDADDR_LOCAL", "00:00:00:FF:FF:FF");
}

}  // namespace typhon::net
