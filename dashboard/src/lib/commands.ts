// How anybody checks a package without us: stock tools only, as the package's own README.txt has them.
export const CHECK_COMMANDS = `unzip *.zip && cd */
sha256sum tagmanifest-sha256.txt
sha256sum -c --quiet tagmanifest-sha256.txt
sha256sum -c --quiet manifest-sha256.txt
cksum -a sm3 -c --quiet manifest-sm3.txt
bagit.py --validate .
openssl cms -verify -binary -inform DER -in seal/tagmanifest-sha256.txt.p7s \\
    -content tagmanifest-sha256.txt -CAfile seal/certs/ca.pem -out /dev/null
openssl x509 -in seal/certs/ca.pem -noout -fingerprint -sha256`;
