"""人民币大写: an amount of yuan in the Chinese capitals that banks and vouchers use."""

from decimal import Decimal

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
LIMIT = Decimal(10) ** 16


def capitals(amount: Decimal) -> str:
    """Say `amount`, yuan with at most two places, in capitals: 1002.05 is 壹仟零贰元零伍分.

    A zero jiao before fen is said after whole yuan (伍元零叁分), an amount without fen ends in 整 (伍元叁角整),
    a minus is 负, nothing is 零元整. Raises ValueError for parts of a fen and from 10,000,000,000,000,000 yuan on.
    """
    fen = amount * 100
    if not amount.is_finite() or fen != int(fen):
        raise ValueError(f"not whole fen: {amount}")
    if abs(amount) >= LIMIT:
        raise ValueError(f"too large to say: {amount}")
    yuan, rest = divmod(abs(int(fen)), 100)
    jiao, fen_left = divmod(rest, 10)
    words = _whole(yuan) + "元" if yuan or not rest else ""
    if jiao:
        words += DIGITS[jiao] + "角"
    elif fen_left and yuan:
        words += "零"
    words += DIGITS[fen_left] + "分" if fen_left else "整"
    return "负" + words if amount < 0 else words


def _whole(number: int) -> str:
    """Say a whole number; a run of zeros between digits is one 零, zeros at the end are silent."""
    if number == 0:
        return DIGITS[0]
    words, gap = "", False
    for group in range(len(GROUPS) - 1, -1, -1):
        part = number // 10_000**group % 10_000
        for place in range(3, -1, -1):
            digit = part // 10**place % 10
            if digit:
                words += (DIGITS[0] if gap else "") + DIGITS[digit] + PLACES[place]
            gap = bool(words) and not digit
        if part:
            words += GROUPS[group]
    return words
