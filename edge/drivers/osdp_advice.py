"""What each OSDP finding means and what to do about it, for the mechanic: Chinese first, English beside it."""

from edge.drivers.osdp_watch import Notice, State

PORT_OPEN = "port-open"
QUARANTINED = "quarantined"
TAMPER = "tamper"
TAMPER_CLEARED = "tamper-cleared"

_ADVICE: dict[str, str] = {
    PORT_OPEN: "串口 {port} 已打开，波特率 {baud} / serial port {port} is open at {baud} baud",
    State.ONLINE: "地址 {address} 已建立安全通道，2 秒后开始受理卡片 / address {address}: secure channel is up, cards count in 2 s",
    State.NO_PORT: "串口 {port} 打不开（{fault}）：检查 USB 转 485 是否插好、是否被别的程序占用 / "
    "serial port {port} cannot be opened ({fault}): check that the RS-485 adapter is plugged in and that no other program uses it",
    State.NO_ANSWER: "地址 {address} 无应答：检查读卡器电源、A/B 接线、地址拨码和波特率 {baud} / "
    "no answer at address {address}: check the reader's power, the A/B wires, its address and the baud rate {baud}",
    State.GARBLED: "地址 {address} 的应答全是坏帧：两台读卡器地址相同，或波特率不是 {baud}，或线路干扰；逐台接上即可找出 / "
    "answers at address {address} arrive broken: two readers share the address, or the baud rate is not {baud}, "
    "or the line is noisy; connect the readers one by one",
    State.WRONG_KEY: "地址 {address} 有应答但密钥不符：在授权模式下重新写入密钥，或核对配置中的 SCBK / "
    "address {address} answers but holds another key: provision the reader again, or correct its SCBK in the venue file",
    State.NO_SECURE_CHANNEL: "地址 {address} 有应答但不支持安全通道：启用其安全通道或更换读卡器，明文读卡器不予接入 / "
    "address {address} answers but offers no secure channel: enable it in the reader or replace the reader; "
    "cleartext readers are not admitted",
    State.SECURE_CHANNEL_LOST: "地址 {address} 的安全通道中断且未能恢复：检查读卡器是否被更换、重置或拆动 / "
    "address {address} lost its secure channel and does not get it back: was the reader replaced, reset or moved?",
    Notice.BAD_FRAME: "地址 {address} 收到 {count} 个坏帧：若反复出现，检查终端电阻、屏蔽和接地 / "
    "address {address}: {count} broken frames; if this repeats, check termination, shield and ground",
    Notice.RENEWED: "地址 {address} 的通信中断后已恢复，2 秒内刷卡无效 / "
    "address {address}: the link was interrupted and is back; cards are ignored for 2 s",
    QUARANTINED: "地址 {address} 在恢复通信后 2 秒内送来一次刷卡，已丢弃：请持卡人重新刷卡 / "
    "address {address}: a card read that arrived within 2 s of a reconnection was dropped; ask the person to present the card again",
    TAMPER: "地址 {address} 防拆报警：检查读卡器外壳和安装 / address {address} reports tampering: check housing and mounting",
    TAMPER_CLEARED: "地址 {address} 防拆报警已解除 / address {address}: tampering has ended",
}


def advise(code: str, **facts: object) -> str:
    """The sentence for `code`.  Facts: address, port, baud, fault, count."""
    return _ADVICE[code].format(**facts)
