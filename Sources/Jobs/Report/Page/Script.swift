/// The page's script: plays audio, shows values of plots, copies commands, and marks what scrolls.
///
/// It is the same for every page, so that the page's policy can name its digest.
enum Script {
  static let text: StaticString = """
    (()=>{const all=s=>[...document.querySelectorAll(s)];
    // A picture that is shown twice lies in the page once.
    all('img[data-same]').forEach(i=>{const o=document.getElementById(i.dataset.same);if(o)i.src=o.src});
    // Buttons play and pause audio; one plays at a time.
    let now=null,button=null;
    const mark=(b,on)=>{b.textContent=on?'\\u275A\\u275A Pause':'\\u25B6 Play';b.classList.toggle('on',on);
    b.setAttribute('aria-label',(on?'Pause':'Play')+' the audio of '+b.dataset.name)};
    const stop=()=>{if(now)now.pause();if(button)mark(button,false);button=null};
    document.addEventListener('click',e=>{const b=e.target.closest('button[data-sound]');if(!b)return;const same=b===button;stop();
    if(same)return;const a=document.getElementById(b.dataset.sound);if(!a)return;if(now!==a){a.currentTime=0}now=a;button=b;mark(b,true);
    a.onended=()=>{stop();a.currentTime=0};a.play()});
    document.addEventListener('play',e=>{all('audio').forEach(a=>{if(a!==e.target)a.pause()})},true);
    // Commands are copied as they stand.
    document.addEventListener('click',async e=>{const b=e.target.closest('button[data-copy]');if(!b)return;
    const c=document.getElementById(b.dataset.copy);let done=true;
    try{await navigator.clipboard.writeText(c.textContent)}catch(x){const r=document.createRange();r.selectNodeContents(c);
    const s=getSelection();s.removeAllRanges();s.addRange(r);done=document.execCommand('copy')}
    b.textContent=done?'Copied':'Selected';setTimeout(()=>b.textContent='Copy',2000)});
    // Values of plots: under the pointer, and step by step with the arrow keys.
    all('.chart').forEach(chart=>{const d=chart.dataset,svg=chart.querySelector('svg'),out=chart.parentNode.querySelector('.readout');
    const lines=[...chart.querySelectorAll('path[data-v]')].map(p=>({name:p.dataset.name,
    v:p.dataset.v.split(' ').map(t=>{const i=t.indexOf(',');return[+t.slice(0,i),t.slice(i+1),t.slice(0,i)]})}));
    const xs=[...new Map(lines.flatMap(l=>l.v).map(v=>[v[0],v[2]]))].sort((a,b)=>a[0]-b[0]);if(!xs.length)return;
    const cursor=document.createElementNS('http://www.w3.org/2000/svg','line');cursor.setAttribute('class','cursor');
    cursor.setAttribute('y1',d.top);cursor.setAttribute('y2',d.bottom);cursor.setAttribute('visibility','hidden');svg.appendChild(cursor);
    const across=x=>d.log?Math.log10(Math.max(x,1e-12)):+x;
    const place=x=>+d.left+(across(x)-d.low)/(d.high-d.low)*(d.right-d.left);
    let at=-1;const show=i=>{at=Math.max(0,Math.min(xs.length-1,i));const x=xs[at][0],p=place(x);
    cursor.setAttribute('x1',p);cursor.setAttribute('x2',p);cursor.setAttribute('visibility','visible');
    const text=d.x+' '+xs[at][1]+': '+lines.map(l=>{let best=null;for(const v of l.v)if(!best||Math.abs(v[0]-x)<Math.abs(best[0]-x))best=v;
    return l.name+' '+best[1]+(best[0]===x?'':' (at '+best[2]+')')}).join('; ');
    out.textContent=text;chart.setAttribute('aria-valuetext',text);chart.setAttribute('aria-valuenow',at)};
    chart.setAttribute('aria-valuemax',xs.length-1);
    chart.addEventListener('pointermove',e=>{const r=svg.getBoundingClientRect(),w=svg.viewBox.baseVal.width;
    const p=(e.clientX-r.left)/r.width*w;let best=0;xs.forEach((x,i)=>{if(Math.abs(place(x[0])-p)<Math.abs(place(xs[best][0])-p))best=i});show(best)});
    chart.addEventListener('keydown',e=>{const step={ArrowLeft:-1,ArrowDown:-1,ArrowRight:1,ArrowUp:1,PageUp:10,PageDown:-10}[e.key];
    if(step)show(at<0?(step>0?0:xs.length-1):at+step);else if(e.key==='Home')show(0);else if(e.key==='End')show(xs.length-1);else return;
    e.preventDefault()})});
    // What is wider than its frame says so.
    const wide=()=>all('.scroll').forEach(s=>s.classList.toggle('wide',s.scrollWidth>s.clientWidth+2));
    wide();addEventListener('resize',wide);document.addEventListener('toggle',wide,true);
    const state=document.documentElement.dataset.state;
    if(state&&location.protocol==='http:')setInterval(async()=>{try{const r=await fetch('/state',{cache:'no-store'});
    if(r.ok&&(await r.text())!==state&&!all('audio').some(a=>!a.paused))location.reload()}catch(e){}},4000)})();
    """
}
