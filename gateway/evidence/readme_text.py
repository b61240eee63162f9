"""What a package says to the person who opens it: how to check it with stock tools, Chinese first."""

from importlib.resources import files

_COMMANDS = """\
    bagit.py --validate .
    sha256sum -c --quiet manifest-sha256.txt
    cksum -a sm3 -c --quiet manifest-sm3.txt
    sha256sum -c --quiet tagmanifest-sha256.txt
    openssl cms -verify -binary -inform DER -in seal/tagmanifest-sha256.txt.p7s \\
        -content tagmanifest-sha256.txt -CAfile seal/certs/ca.pem -out /dev/null
    openssl pkeyutl -verify -rawin -digest sm3 -pkeyopt distid:1234567812345678 \\
        -pubin -inkey seal/certs/sm2.pub.pem \\
        -in tagmanifest-sha256.txt -sigfile seal/tagmanifest-sha256.txt.sm2
    openssl x509 -in seal/certs/ca.pem -noout -fingerprint -sha256
"""
_TIME_STAMP = """\
    openssl ts -verify -data seal/tagmanifest-sha256.txt.p7s \\
        -in seal/tagmanifest-sha256.txt.p7s.tsr -CAfile seal/certs/tsa.pem
"""


def readme_text() -> str:
    """README.txt.  The commands are run by a test, exactly as they stand there."""
    return f"""\
证据包说明
==========
本文件夹是一个项目的录音录像证据包 (BagIt 1.0)。项目编号见上一级 bag-info.txt 的 External-Identifier。
  data/media/    原始录音录像, 与录制时逐字节相同, 可直接播放
  data/records/  设备、时间线、缺口、事件、人员动线、调阅记录, 元数据 (DA/T 63), 四性检测报告
  seal/          签名、透明日志证明、证书

怎样校验: 在本文件夹的上一级 (bagit.txt 所在处) 依次运行下列命令, 无需本系统的任何软件。
{_COMMANDS}
seal/ 中有 .tsr 文件时 / where seal/ holds a .tsr file:
{_TIME_STAMP}
每条命令退出码为 0 即通过。最后请把证书指纹 (SHA-256) 与场地公布的指纹比对:
指纹一致才能证明签名者是该场地。安装了 bidhall 时, `bidhall evidence verify 文件夹` 一次完成全部检查。
也可用浏览器打开 verify.html 核对 SHA-256 (不检查签名)。
gaps.json 列出的缺口是如实记录, 不是损坏。

About this package
==================
This folder is the audio and video evidence of one project (BagIt 1.0); its number is External-Identifier in
bag-info.txt, one level up.  data/media holds the recordings byte for byte; data/records what is known about them;
seal/ the signatures, the proof of entry in the transparency log, and the certificates.

To check it, run the commands above where bagit.txt lies.  None of our software is needed; each must exit with 0.
Then compare the certificate's SHA-256 fingerprint with the one that the venue has published: only that shows who signed.
Where bidhall is installed, `bidhall evidence verify FOLDER` does all of it at once.  verify.html checks the SHA-256
hashes in a browser, and no signature.  Gaps listed in gaps.json are honest records, not damage.
"""


def verify_page() -> bytes:
    """verify.html: the same page in every package."""
    return files("gateway.evidence").joinpath("verify.html").read_bytes()
