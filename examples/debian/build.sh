#!/usr/bin/env bash
# Builds conngen_VERSION_ARCH.deb for Debian 13 and later from this checkout, with what it depends on:
#
#   npm ci && npm run build
#   examples/debian/build.sh [DIRECTORY]
#
# Needs dpkg-deb, node, npm and the npm registry (or its cache). The same checkout makes the same bytes; SOURCE_DATE_EPOCH, else the
# date of the version in CHANGELOG.md, is the time of all files.
set -euo pipefail
umask 022
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(cd "${1:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

[ -f "$root/dist/cli/main.js" ] || { echo "build.sh: dist/ is missing: npm run build" >&2; exit 1; }
version=$(node -p 'require(process.argv[1]).version' "$root/package.json")
arch=$(dpkg --print-architecture)
released=$(sed -n "s/^## \[${version//./\\.}\] - \([0-9-]*\)$/\1/p" "$root/CHANGELOG.md")
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -u -d "$released" +%s)}

deb=$work/deb
lib=$deb/usr/lib/conngen
doc=$deb/usr/share/doc/conngen
mkdir -p "$lib" "$deb/DEBIAN" "$deb/usr/bin" "$deb/usr/share/man/man1" "$doc"

# The packed package, and production dependencies in the versions of the lock file. koffi's library comes as a package for each system.
(cd "$root" && npm pack --ignore-scripts --silent --pack-destination "$work" >/dev/null)
tar -xzf "$work/conngen-$version.tgz" -C "$lib" --strip-components=1 --no-same-owner
cp "$root/package-lock.json" "$lib/"
(cd "$lib" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent --prefer-offline)
rm -r "$lib/package-lock.json" "$lib/node_modules/.package-lock.json" "$lib/node_modules/.bin"
rm -rf "$lib"/node_modules/@koromix/*/musl_* "$lib/node_modules/@types" "$lib/node_modules/csstype"

# Licences go into one file, as Debian wants it; declarations and texts of packages are for those who develop with them.
node "$here/copyright.js" "$lib" >"$doc/copyright"
find "$lib/dist" -name '*.d.ts' -delete
find "$lib/node_modules" -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -iname '*.md' -o -name '*.html' \
  -o -iname 'license*' -o -iname 'licence*' -o -iname 'copying*' -o -iname 'changelog*' -o -name '.*' -o -name '*.flow' \
  -o -name 'tsconfig*.json' -o -name '*.tsbuildinfo' -o -name '*.yml' -o -name '*.sh' \) -delete
find "$lib/node_modules" -depth -type d \( -name test -o -name tests -o -name __tests__ -o -name benchmarks -o -name docs -o -name '.*' \) \
  -exec rm -r {} +
# Sources of the library that koffi brings built, and programs of packages, which nothing starts.
find "$lib/node_modules/koffi" -type f \( -name '*.cc' -o -name '*.hh' -o -name '*.inc' -o -name '*.S' -o -name '*.asm' -o -name '*.txt' \) -delete
grep -rlIZ --include='*.js' --include='*.cjs' --include='*.mjs' '^#!' "$lib/node_modules" | xargs -0r rm
find "$lib" -depth -type d -empty -delete

# Where Debian has things.
gzip -9n <"$root/CHANGELOG.md" >"$doc/changelog.gz"
printf 'conngen (%s-1) stable; urgency=medium\n\n  * Version %s: see changelog.gz.\n\n -- %s  %s\n' \
  "$version" "$version" 'conngen contributors <packages@conngen.invalid>' "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" |
  gzip -9n >"$doc/changelog.Debian.gz"
mv "$lib/README.md" "$lib/SECURITY.md" "$lib/examples" "$doc/"
rm "$lib/CHANGELOG.md" "$lib/LICENSE"
mv "$lib"/man/*.1 "$deb/usr/share/man/man1/"
gzip -9n "$deb"/usr/share/man/man1/*.1
rmdir "$lib/man"
sed -i '1s|.*|#!/usr/bin/node|' "$lib/bin/conngen.js"
ln -s ../lib/conngen/bin/conngen.js "$deb/usr/bin/conngen"
conngen() { node "$lib/bin/conngen.js" "$@"; }
put() { mkdir -p "$(dirname "$deb/$1")" && cat >"$deb/$1"; }
conngen completion bash | put usr/share/bash-completion/completions/conngen
conngen completion zsh | put usr/share/zsh/vendor-completions/_conngen
conngen completion fish | put usr/share/fish/vendor_completions.d/conngen.fish
put usr/lib/systemd/system/conngen-server.service <"$root/examples/systemd/conngen-server.service"
put usr/lib/systemd/system/conngen-agent.service <"$root/examples/fleet/conngen-agent.service"
put etc/default/conngen-server <"$root/examples/systemd/conngen-server.default"
put usr/share/lintian/overrides/conngen <"$here/lintian-overrides"

chmod -R u=rwX,go=rX "$deb"
find "$lib" "$doc" -type f -exec chmod 644 {} +
chmod 755 "$lib/bin/conngen.js" "$lib"/kernel-tuning/{apply,restore,show}
find "$doc/examples" -name '*.sh' -exec chmod 755 {} +

for script in postinst prerm postrm; do install -m 755 "$here/$script" "$deb/DEBIAN/$script"; done
echo /etc/default/conngen-server >"$deb/DEBIAN/conffiles"
(cd "$deb" && find usr etc -type f -print0 | sort -z | xargs -0 md5sum) >"$deb/DEBIAN/md5sums"
cat >"$deb/DEBIAN/control" <<CONTROL
Package: conngen
Version: $version-1
Architecture: $arch
Maintainer: conngen contributors <packages@conngen.invalid>
Installed-Size: $(du -sk --apparent-size "$deb/usr" "$deb/etc" | awk '{ sum += $1 } END { print sum }')
Depends: nodejs (>= 20.19), libc6 (>= 2.25), libgcc-s1, libstdc++6
Pre-Depends: init-system-helpers (>= 1.54~)
Section: net
Priority: optional
Homepage: https://github.com/conngen/conngen
Description: how many new TCP connections per second a target takes
 conngen opens TCP connections on a fixed schedule, measures each from the
 moment at which it was due, and says which side was the limit: the target,
 the network or this machine.
 .
 It searches for the highest rate that meets a goal, measures round trips,
 and has a server to aim at. It uses io_uring or epoll.
CONTROL
find "$deb" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
chmod 644 "$deb"/DEBIAN/{control,conffiles,md5sums}
dpkg-deb --root-owner-group -Zxz --build "$deb" "$out/conngen_${version}-1_$arch.deb"
