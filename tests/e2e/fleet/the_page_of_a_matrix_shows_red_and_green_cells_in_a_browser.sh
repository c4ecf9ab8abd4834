# root: browser
# when: nightly
# at most: 900
. /e2e/inside.sh
. /e2e/fleet.sh
step 'a matrix with a cell that fails'
builder
ends_with 2 matrix

step 'what the browser makes of the page'
page=fleet/index.html
chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --virtual-time-budget=2000 --dump-dom "file:///root/$page" >dom 2>chromium.log ||
    { cat chromium.log; fail 'chromium'; }
[ "$(grep -o '<td class="built"' dom | wc -l)" -eq 8 ] || fail 'not eight green cells'
[ "$(grep -o '<td class="fails"' dom | wc -l)" -eq 1 ] || fail 'not one red cell'
grep -q no-such-file dom || fail 'the cause is not told'
! grep -i -e '<script' -e 'http' <(sed 's/http-equiv//' dom) || fail 'something of elsewhere'
# Every link leads to a file or a place of the page.
grep -o 'href="[^"]*"' dom | sed 's/href="//; s/"$//' | sort -u | while read -r link; do
    case $link in
        '#'*) grep -q "id=\"${link#?}\"" dom || fail "$link leads nowhere" ;;
        *) [ -f "fleet/$(printf '%b' "${link//%/\\x}")" ] || fail "$link leads nowhere" ;;
    esac
done
chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --window-size=1000,900 \
    --screenshot=/root/page.png "file:///root/$page" >>chromium.log 2>&1
[ "$(stat -c %s page.png)" -gt 5000 ] || fail 'no picture'
