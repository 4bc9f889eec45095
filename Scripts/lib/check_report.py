"""What check-report holds: a report opened in a real browser, at two sizes and in both themes.

No console error, no request to anywhere, plots with their points, players that play, no serious fault by axe-core, open in under
a second, everything reachable with the keyboard; a picture of each kept beside the page.
"""
import base64, json, os, sys, time
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from axe_selenium_python import Axe

page, folder = os.path.realpath(sys.argv[1]), sys.argv[2]
os.makedirs(folder, exist_ok=True)
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def browser(size, theme):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--mute-audio",
                 "--autoplay-policy=no-user-gesture-required", f"--window-size={size[0]},{size[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    return driver


def requests(driver):
    found = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            found.append(message["params"]["request"]["url"])
    return [url for url in found if not url.startswith(("data:", "file:"))]


for name, size in SIZES.items():
    for theme in ("light", "dark"):
        driver = browser(size, theme)
        try:
            start = time.time()
            driver.get(f"file://{page}")
            seconds = time.time() - start
            timing = driver.execute_script(
                "const t=performance.getEntriesByType('navigation')[0];return t.loadEventEnd/1000")
            assert timing < 1, f"opens in {timing:.2f} s"
            assert not [m for m in driver.get_log("browser") if m["level"] == "SEVERE"], driver.get_log("browser")
            assert not requests(driver), requests(driver)
            wide = driver.execute_script("return document.documentElement.scrollWidth-document.documentElement.clientWidth")
            assert wide <= 0, f"{name} page is {wide} pixels too wide"
            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
            metrics = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            picture = driver.execute_cdp_cmd("Page.captureScreenshot", {
                "captureBeyondViewport": True, "format": "png",
                "clip": {"x": 0, "y": 0, "width": size[0], "height": min(metrics["height"], 14000), "scale": 1}})
            with open(f"{folder}/{name}-{theme}.png", "wb") as file:
                file.write(base64.b64decode(picture["data"]))
            for details in driver.find_elements(By.TAG_NAME, "details"):
                driver.execute_script("arguments[0].open=true", details)
            if theme == "light" and name == "desktop":
                driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
                focused = driver.switch_to.active_element.get_attribute("class")
                assert focused == "skip", f"the first stop of the keyboard is {focused}"
                plots = driver.execute_script(
                    "return [...document.querySelectorAll('figure.plot svg[role=img]')].map(s=>s.querySelectorAll('path.line,circle,.marks path').length)")
                assert all(plots), f"an empty plot: {plots}"
                played = driver.execute_async_script("""
                    const done=arguments[0], all=[...document.querySelectorAll('audio')]; let n=0, bad=[];
                    if(!all.length) done([0,[]]);
                    (async()=>{for(const a of all){try{await a.play(); a.pause(); if(!(a.duration>0)) bad.push(a.id||a.ariaLabel); n++}
                    catch(e){bad.push(String(e))}} done([n,bad])})()""")
                assert not played[1], f"players that do not play: {played[1]}"
                buttons = driver.find_elements(By.CSS_SELECTOR, "button[data-sound]")
                if buttons:
                    buttons[0].send_keys(Keys.ENTER)
                    assert "Pause" in buttons[0].text, "a button that plays does not say that it pauses"
                    buttons[0].send_keys(Keys.ENTER)
                    assert "Play" in buttons[0].text, "a button does not answer to the keyboard"
                charts = driver.find_elements(By.CSS_SELECTOR, ".chart")
                for chart in charts:
                    readout = chart.find_element(By.XPATH, "..").find_element(By.CSS_SELECTOR, ".readout")
                    said = []
                    for key in (Keys.END, Keys.HOME):
                        chart.send_keys(key)
                        said.append(readout.text)
                        assert said[-1] and chart.get_attribute("aria-valuetext") == said[-1], "a plot is silent"
                    webdriver.ActionChains(driver).move_to_element(chart).perform()
                    assert readout.text, "a plot has no value under the pointer"
                for button in driver.find_elements(By.CSS_SELECTOR, "button[data-copy]")[:1]:
                    button.send_keys(Keys.ENTER)
                    time.sleep(0.3)
                    assert button.text in ("Copied", "Selected"), button.text
                for plot in driver.find_elements(By.CSS_SELECTOR, "figure.plot svg[role=img]"):
                    ticks = [t.text for t in plot.find_elements(By.CSS_SELECTOR, "text.tick.end")]
                    assert len(set(ticks)) == len(ticks), f"ticks that read the same: {ticks}"
                assert not driver.execute_script(
                    "return [...document.images].filter(i=>i.complete&&!i.naturalWidth).map(i=>i.alt)"), "broken images"
                print(f"{len(plots)} plots with {sum(plots)} marks, {len(charts)} with values, {played[0]} players play, {len(buttons)} buttons")
            axe = Axe(driver)
            axe.inject()
            faults = [v for v in axe.run()["violations"] if v["impact"] in ("serious", "critical")]
            assert not faults, json.dumps([(v["id"], v["help"], [n["html"][:160] for n in v["nodes"][:3]]) for v in faults], indent=1)
            assert not driver.execute_script("return window.x"), "a label was run"
            print(f"{name}, {theme}: opened in {timing:.2f} s, no error, no request, no serious fault by axe-core")
        finally:
            driver.quit()
